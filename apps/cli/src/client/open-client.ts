import { findServer, isLoopback, readToken, type ServerConfig } from "@pawl/server";
import { cliError } from "../errors.ts";
import type { ServerAddress } from "./http-call.ts";
import { createHttpClient } from "./http-client.ts";
import { createPatience, type PatienceOptions } from "./patience.ts";
import type { PawlClient } from "./pawl-client.ts";

export interface OpenClientOptions extends Omit<PatienceOptions, "giveUpMs"> {
  readonly config: ServerConfig;
  /** As the user gave it. */
  readonly server: string | undefined;
  readonly progress: (message: string) => void;
}

const GIVE_UP_MS = 60_000;

/** The server that was named, else the one that runs on the data folder, else this process itself. */
export async function openClient(options: OpenClientOptions): Promise<PawlClient> {
  const { config, server, progress } = options;
  const patience = createPatience({ ...options, giveUpMs: GIVE_UP_MS });
  if (server !== undefined) {
    const url = checkUrl(server);
    await checkAlive(url);
    const address = async () => ({ url, token: await tokenOf(config, url) });
    await address();
    return createHttpClient({ address, sameMachine: isLoopback(new URL(url).hostname), patience });
  }
  const found = await findServer(config.dataDir);
  if (found === undefined) {
    const { openLocalClient } = await import("./local-client.ts");
    return openLocalClient(config, progress);
  }
  let known = found.url;
  const address = async (): Promise<ServerAddress> => {
    // After a restart it may listen elsewhere; while it is away the old address is as good as any.
    known = (await findServer(config.dataDir))?.url ?? known;
    return { url: known, token: await tokenOf(config, known) };
  };
  return createHttpClient({ address, sameMachine: true, patience });
}

function checkUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw cliError("usage", `--server must be an address such as http://127.0.0.1:4380, not "${text}".`);
}

/** Whoever names a server that is not there is told at once; only a server that was there is waited for. */
async function checkAlive(url: string): Promise<void> {
  try {
    await fetch(new URL("healthz", url.replace(/\/*$/, "/")), { signal: AbortSignal.timeout(10_000) });
  } catch (cause) {
    throw cliError(
      "server_unreachable",
      `Nothing answers at ${url}. Start a server with \`pawl serve\`, or correct --server.`,
      cause,
    );
  }
}

async function tokenOf({ token, dataDir }: ServerConfig, url: string): Promise<string> {
  const found = token ?? (await readToken(dataDir));
  if (found !== undefined) return found;
  throw cliError(
    "token_missing",
    `There is no token for ${url}. Set PAWL_TOKEN to the one that it was started with, or name its data folder with --data-dir.`,
  );
}
