import { Writable } from "node:stream";
import type { Logger } from "@pawl/core/ports";
import { pino } from "pino";
import { formatLine } from "./format-line.ts";
import { scrubFacts, scrubText } from "./scrub.ts";

export interface LoggerOptions {
  readonly level: "debug" | "info" | "warn" | "error" | "silent";
  /** `pretty`: a line for people. Default: that on a terminal, else JSON. */
  readonly format?: "json" | "pretty";
  readonly stream: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

/** Structured logs: a JSON object a line, or a line for people. What looks like a secret is in neither. */
export function createLogger({ level, format, stream }: LoggerOptions): Logger {
  const pretty = format === undefined ? stream.isTTY === true : format === "pretty";
  const destination = pretty
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
      formatters: {
        level: (label) => ({ level: label }),
        log: (facts) => scrubFacts(facts) as Record<string, unknown>,
      },
    },
    destination as NodeJS.WritableStream & { write(text: string): boolean },
  );
  return {
    debug: (message, facts) => log.debug(facts ?? {}, scrubText(message)),
    info: (message, facts) => log.info(facts ?? {}, scrubText(message)),
    warn: (message, facts) => log.warn(facts ?? {}, scrubText(message)),
    error: (message, facts) => log.error(facts ?? {}, scrubText(message)),
  };
}
