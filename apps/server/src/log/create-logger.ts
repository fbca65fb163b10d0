import { Writable } from "node:stream";
import type { Logger } from "@pawl/core/ports";
import { pino } from "pino";
import { formatLine } from "./format-line.ts";

export interface LoggerOptions {
  readonly level: "debug" | "info" | "warn" | "error" | "silent";
  readonly stream: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

/** Names under which secrets travel; the values are replaced wherever they are within two levels. */
const SECRETS = [
  "token",
  "secret",
  "password",
  "authorization",
  "cookie",
  "apiKey",
  "api_key",
  "databaseUrl",
];

/** Structured logs: a JSON object a line, or a line for people on a terminal. */
export function createLogger({ level, stream }: LoggerOptions): Logger {
  const destination =
    stream.isTTY === true
      ? new Writable({
          write: (chunk, _, done) => {
            stream.write(formatLine(String(chunk)));
            done();
          },
        })
      : stream;
  const log = pino(
    {
      level,
      base: null,
      redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: "(hidden)" },
      formatters: { level: (label) => ({ level: label }) },
    },
    destination as NodeJS.WritableStream & { write(text: string): boolean },
  );
  return {
    debug: (message, facts) => log.debug(facts ?? {}, message),
    info: (message, facts) => log.info(facts ?? {}, message),
    warn: (message, facts) => log.warn(facts ?? {}, message),
    error: (message, facts) => log.error(facts ?? {}, message),
  };
}
