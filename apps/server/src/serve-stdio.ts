import type { Readable, Writable } from "node:stream";
import { stdioTransport } from "@pawl/arcp-protocol/transports/stdio";
import { openArcp } from "./arcp/open-arcp.ts";
import type { ServerConfig } from "./config/read-config.ts";
import { prepareDataFolder } from "./data-folder.ts";
import { openRuntime } from "./open-runtime.ts";
import { knownPrincipals } from "./principals/known-principals.ts";
import type { ServeOptions } from "./start-server.ts";
import { loadToken } from "./token-file.ts";

export interface StdioOptions extends ServeOptions {
  readonly input: Readable;
  readonly output: Writable;
}

export interface StdioServer {
  /** Resolves when the other side has closed the connection. */
  readonly closed: Promise<void>;
  stop(): Promise<void>;
}

const DRAIN_MS = 1_500;

/**
 * Speaks ARCP with the process that started this one, and with nobody else: no port is opened. One JSON object a line.
 *
 * @throws PawlError whose message says what to do
 */
export async function serveStdio(config: ServerConfig, options: StdioOptions): Promise<StdioServer> {
  const { logger, progress = () => undefined, input, output } = options;
  for (const warning of config.warnings) logger.warn(warning);
  await prepareDataFolder(config.dataDir);
  const token = config.token ?? (await loadToken(config.dataDir));
  const runtime = await openRuntime(config, { logger, progress });
  try {
    const arcp = await openArcp({
      runtime,
      principals: knownPrincipals(token, options.principals ?? [], runtime.store.tokens),
      logger,
      conformance: options.conformance === true,
      // Whoever started this process could have started any other.
      allowMcpCommands: true,
    });
    await runtime.host.start();
    await arcp.start();
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    const transport = stdioTransport(input, output);
    arcp.accept({
      get waiting() {
        return transport.waiting;
      },
      start: (handlers) =>
        transport.start({
          ...handlers,
          closed(info) {
            handlers.closed(info);
            resolve();
          },
        }),
      send: (frame) => transport.send(frame),
      close: (code, reason) => transport.close(code, reason),
      pause: () => transport.pause?.(),
      resume: () => transport.resume?.(),
    });
    let stopped: Promise<void> | undefined;
    const stop = async () => {
      await arcp.close();
      await runtime.close({ drainMs: DRAIN_MS });
    };
    return {
      closed,
      stop: () => {
        stopped ??= stop();
        return stopped;
      },
    };
  } catch (error) {
    await runtime.close({ drainMs: 0 });
    throw error;
  }
}
