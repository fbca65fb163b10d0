import { onStopSignals, type ServerConfig, tokenFile } from "@pawl/server";
import { keepMemorySmall } from "@pawl/server/memory";
import { createLogger, parsePrincipal, serveStdio, startServer } from "@pawl/server/serve";
import { commandName, shellWord } from "../command-name.ts";
import { EXIT } from "../exit-codes.ts";
import { watchLauncher } from "../launcher.ts";
import { createProgress } from "../output/progress.ts";
import { sayError } from "../output/say-error.ts";
import { configOf, type ServerOptions } from "./server-options.ts";

/** Whoever stops a server waits for it 5 s; what has not let go by then is left to whoever starts next. */
const STOP_MS = 4_700;

export interface ServeOptions extends ServerOptions {
  readonly principal?: readonly string[];
  readonly conformance?: true;
  readonly stdio?: true;
}

export async function serve(options: ServeOptions): Promise<number> {
  const progress = createProgress(process.stderr);
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
  const stopInTime = () => {
    stop();
    setTimeout(() => {
      process.stderr.write("pawl: Not everything could be stopped in time. The next start puts it right.\n");
      process.exit(EXIT.failed);
    }, STOP_MS).unref();
  };
  // From the first moment on: a signal while the database starts must not leave half of it behind.
  const signals = onStopSignals(stopInTime, () => process.exit(EXIT.cancelled));
  const memory = keepMemorySmall();
  try {
    const config = configOf(options);
    const logger = createLogger({
      level: config.logLevel,
      ...(config.logFormat !== undefined && { format: config.logFormat }),
      stream: process.stderr,
    });
    const serving = {
      logger,
      progress: progress.set,
      principals: (options.principal ?? []).map(parsePrincipal),
      conformance: options.conformance === true,
    };
    if (options.stdio === true) {
      // Standard output belongs to the protocol: nothing else is written there.
      const { stdin: input, stdout: output } = process;
      const server = await serveStdio(config, { ...serving, input, output });
      progress.clear();
      await Promise.race([server.closed, stopped]);
      await server.stop();
      return EXIT.completed;
    }
    const server = await startServer(config, serving);
    progress.clear();
    process.stdout.write(`${readyLine(server, config, options)}\n`);
    const launcher = watchLauncher(process.env, stopInTime);
    await stopped;
    launcher.off();
    await server.stop();
    return EXIT.completed;
  } catch (error) {
    progress.clear();
    return sayError(error);
  } finally {
    memory.off();
    signals.off();
  }
}

function readyLine(
  { url, arcpUrl }: { readonly url: string; readonly arcpUrl: string },
  { dataDir, token }: ServerConfig,
  options: ServerOptions,
): string {
  const folder = options.dataDir === undefined ? "" : ` --data-dir ${shellWord(options.dataDir)}`;
  return [
    `Pawl is ready at ${url}`,
    `ARCP: ${arcpUrl}`,
    `data folder: ${dataDir}`,
    `token: ${token !== undefined ? "the one in PAWL_TOKEN" : tokenFile(dataDir)}`,
    `first prompt: ${commandName(process.env)} run${folder} "Hello"`,
  ].join(" | ");
}
