import { onStopSignals } from "@pawl/server";
import { openClient } from "../client/open-client.ts";
import type { PawlClient } from "../client/pawl-client.ts";
import { EXIT } from "../exit-codes.ts";
import { createProgress } from "../output/progress.ts";
import { sayError } from "../output/say-error.ts";
import { configOf } from "./server-options.ts";

export interface ClientOptions {
  readonly json?: true;
  readonly server?: string;
  readonly dataDir?: string;
}

export interface OpenedClient {
  readonly client: PawlClient;
  /** Takes the progress line away, before anything is written. */
  readonly clear: () => void;
  /** What takes time now. */
  readonly show: (message: string) => void;
}

/** Opens a client, lets a command use it and closes it, whatever happens. Ctrl-C leaves. @returns the command's exit code */
export async function withClient(
  options: ClientOptions,
  perform: (opened: OpenedClient) => Promise<number>,
): Promise<number> {
  const progress = createProgress(process.stderr);
  const leave = () => process.exit(EXIT.cancelled);
  const signals = onStopSignals(leave, leave);
  let client: PawlClient | undefined;
  try {
    const { dataDir, server } = options;
    client = await openClient({
      config: configOf(dataDir === undefined ? {} : { dataDir }),
      server,
      progress: progress.set,
      onAway: () => progress.set("The server does not answer; waiting for it to come back."),
      onBack: progress.clear,
    });
    return await perform({ client, clear: progress.clear, show: progress.set });
  } catch (error) {
    progress.clear();
    return sayError(error, options.json === true);
  } finally {
    progress.clear();
    await client?.close();
    signals.off();
  }
}
