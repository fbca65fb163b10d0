import { randomUUID } from "node:crypto";
import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { createAdaptorServer } from "@hono/node-server";
import { getConnInfo } from "@hono/node-server/conninfo";
import type { Logger, Store } from "@pawl/core/ports";
import { systemClock } from "@pawl/effects";
import { ARCP_PATH } from "./arcp/arcp-endpoint.ts";
import { openArcp } from "./arcp/open-arcp.ts";
import { visibleJobs } from "./arcp/visible-jobs.ts";
import type { ServerConfig } from "./config/read-config.ts";
import { prepareDataFolder } from "./data-folder.ts";
import { serverError } from "./errors.ts";
import { createApp } from "./http/create-app.ts";
import { createTokenWatch } from "./http/token-watch.ts";
import { createLimitKeeper } from "./limits/limit-keeper.ts";
import { createMetrics } from "./metrics/metrics.ts";
import { observeStore } from "./metrics/observe-store.ts";
import { openRuntime, type Runtime } from "./open-runtime.ts";
import { checkPort, isLoopback, listenError, urlOfListener } from "./port.ts";
import { knownPrincipals } from "./principals/known-principals.ts";
import type { PrincipalToken } from "./principals/parse-principal.ts";
import { BELIEVE_MS } from "./principals/stored-principals.ts";
import { createPruneLoop } from "./prune-loop.ts";
import { findServer, removeServerFile, writeServerFile } from "./server-file.ts";
import { loadToken } from "./token-file.ts";

export interface ServeOptions {
  readonly logger: Logger;
  /** Hears, in sentences, what takes time. */
  readonly progress?: (message: string) => void;
  /** Principals beside those of the data folder, for tests. */
  readonly principals?: readonly PrincipalToken[];
  /** Hosts the agents of the ARCP conformance checks, with every feature of 1.1. */
  readonly conformance?: boolean;
  /** How long a client may take nothing of an answer, in milliseconds. Default 75 000, longer than a result can be waited for. */
  readonly slowClientMs?: number;
}

export interface RunningServer {
  readonly url: string;
  /** Where ARCP is spoken over WebSocket. */
  readonly arcpUrl: string;
  readonly runtime: Runtime;
  /** Ends streams, lets turns go and stops what was started, within about four seconds. */
  stop(): Promise<void>;
}

/** All that a shutdown may take, the database's own included, is 5 s: turns that have not ended by then are resumed later. */
const DRAIN_MS = 1_500;
const SLOW_CLIENT_MS = 75_000;
/** How long answers that are on their way may take. */
const CUT_MS = 500;

/**
 * Starts the server. What can be known to fail is looked at before anything is started; the port is opened last, so that
 * whoever can connect is served.
 *
 * @throws PawlError whose message says what to do
 */
export async function startServer(config: ServerConfig, options: ServeOptions): Promise<RunningServer> {
  const { logger, progress = () => undefined } = options;
  for (const warning of config.warnings) logger.warn(warning);
  await prepareDataFolder(config.dataDir);
  await checkNoOther(config);
  await checkPort(config.host, config.port);
  const token = config.token ?? (await loadToken(config.dataDir));
  const metrics = createMetrics({
    counts: () => runtime.host.counts(),
    sockets: () => promisify(server.getConnections.bind(server))(),
  });
  const observe = (store: Store) => observeStore(store, metrics);
  const runtime: Runtime = await openRuntime(config, { logger, progress, observe });
  const principals = knownPrincipals(token, options.principals ?? [], runtime.store.tokens);
  const watch = createTokenWatch(principals, BELIEVE_MS);
  const stopping = new AbortController();
  const instance = randomUUID();
  const limits = createLimitKeeper({ limits: config.limits, refused: metrics.refused });
  const allowMcpCommands = config.allowMcpCommands || isLoopback(config.host);
  const app = createApp({
    host: runtime.host,
    principals,
    limits,
    metrics,
    watch,
    instance,
    jobs: visibleJobs({
      store: runtime.store,
      host: runtime.host,
      cancelHere: (jobId, reason) => arcp.cancel(jobId, reason),
    }),
    allowMcpCommands,
    corsOrigins: config.corsOrigins,
    logger,
    stopping: stopping.signal,
    addressOf: (context) => getConnInfo(context).remote.address ?? "",
  });
  const arcp = await openArcp({
    runtime,
    principals,
    logger,
    conformance: options.conformance === true,
    limits,
    watch,
    allowMcpCommands,
  }).catch(async (error: unknown) => {
    await runtime.close({ drainMs: 0 });
    throw error;
  });
  const pruning =
    config.keepJobsMs === 0
      ? undefined
      : createPruneLoop({
          host: runtime.host,
          clock: systemClock,
          logger,
          keepMs: config.keepJobsMs,
          random: Math.random,
        });
  const server: Server = createAdaptorServer({ fetch: app.fetch }) as Server;
  // Slow headers and slow bodies end; an event stream is neither.
  server.headersTimeout = 15_000;
  server.requestTimeout = 60_000;
  // Whoever takes nothing of an answer for so long is cut off: its stream goes on where it was when it comes back.
  server.timeout = options.slowClientMs ?? SLOW_CLIENT_MS;
  try {
    await runtime.host.start();
    await arcp.start();
    await arcp.attach(server);
    pruning?.start();
    const port = await listen(server, config);
    const url = urlOfListener(config.host, port);
    runtime.reachedAt(url);
    await writeServerFile(config.dataDir, { url, pid: process.pid, instance });
    logger.info("The server is ready.", { url, dataDir: config.dataDir });
    let stopped: Promise<void> | undefined;
    const stop = async () => {
      logger.info("The server stops.");
      stopping.abort();
      watch.close();
      await removeServerFile(config.dataDir, instance).catch(() => undefined);
      // First those who ask, then what they ask: nobody is answered from a store that is closed.
      await arcp.close();
      await Promise.all([close(server), pruning?.stop()]);
      await runtime.close({ drainMs: DRAIN_MS });
    };
    return {
      url,
      arcpUrl: `${url.replace(/^http/, "ws")}${ARCP_PATH}`,
      runtime,
      stop: () => {
        stopped ??= stop();
        return stopped;
      },
    };
  } catch (error) {
    server.closeAllConnections();
    server.close();
    await pruning?.stop();
    await arcp.close();
    await runtime.close({ drainMs: 0 });
    throw error;
  }
}

async function checkNoOther({ dataDir, port }: ServerConfig): Promise<void> {
  const other = await findServer(dataDir);
  if (other === undefined || port === 0 || new URL(other.url).port !== String(port)) return;
  throw serverError(
    "port_taken",
    `A Pawl server already runs on this data folder: ${other.url}, process ${other.pid}. Use it, stop it, or choose another port with --port or PAWL_PORT.`,
  );
}

async function listen(server: Server, { host, port }: ServerConfig): Promise<number> {
  server.listen({ host, port });
  // `once` rejects when `error` comes first.
  await once(server, "listening").catch((error: unknown) => {
    throw listenError(host, port, error);
  });
  return (server.address() as AddressInfo).port;
}

/** Streams have been told to end; whoever does not take the end of one is cut off. */
async function close(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeIdleConnections();
  const cut = setTimeout(() => server.closeAllConnections(), CUT_MS);
  await closed;
  clearTimeout(cut);
}
