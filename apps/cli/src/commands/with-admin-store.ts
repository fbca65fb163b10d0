import type { Store } from "@pawl/core/ports";
import { onStopSignals, type ServerConfig } from "@pawl/server";
import { createLogger, openAdminStore } from "@pawl/server/runtime";
import { EXIT } from "../exit-codes.ts";
import { createProgress } from "../output/progress.ts";
import { sayError } from "../output/say-error.ts";
import { serverUnsupported } from "./refuse-server.ts";
import { configOf } from "./server-options.ts";

export interface AdminOptions {
  readonly json?: true;
  readonly dataDir?: string;
  /** Refused: this is about the database. */
  readonly server?: string;
}

export interface OpenedStore {
  readonly store: Store;
  readonly config: ServerConfig;
  /** Takes the progress line away, before anything is written. */
  readonly clear: () => void;
}

/** Opens the store of the data folder (or DATABASE_URL), beside a server that may run on it. @returns the command's exit code */
export async function withAdminStore(
  options: AdminOptions,
  perform: (opened: OpenedStore) => Promise<number>,
): Promise<number> {
  if (options.server !== undefined) return sayError(serverUnsupported(options.server), options.json === true);
  const progress = createProgress(process.stderr);
  const leave = () => process.exit(EXIT.cancelled);
  const signals = onStopSignals(leave, leave);
  let opened: Awaited<ReturnType<typeof openAdminStore>> | undefined;
  try {
    const { dataDir } = options;
    const config = configOf(dataDir === undefined ? {} : { dataDir });
    const logger = createLogger({ level: "silent", stream: process.stderr });
    opened = await openAdminStore(config, { logger, progress: progress.set });
    return await perform({ store: opened.store, config, clear: progress.clear });
  } catch (error) {
    progress.clear();
    return sayError(error, options.json === true);
  } finally {
    progress.clear();
    await opened?.close();
    signals.off();
  }
}
