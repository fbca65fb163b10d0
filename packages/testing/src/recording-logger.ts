import type { Logger } from "@pawl/core/ports";

export type LogLevel = keyof Logger;

export interface LoggedLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

export interface RecordingLogger extends Logger {
  /** Everything that was said, in order. */
  readonly lines: readonly LoggedLine[];
  /** The messages of one level, in order. */
  messages(level: LogLevel): readonly string[];
  clear(): void;
}

/** A logger that keeps what it hears and prints nothing. */
export function recordingLogger(): RecordingLogger {
  const lines: LoggedLine[] = [];
  const at =
    (level: LogLevel) =>
    (message: string, facts: Readonly<Record<string, unknown>> = {}) => {
      lines.push({ level, message, facts });
    };
  return {
    lines,
    messages: (level) => lines.filter((line) => line.level === level).map((line) => line.message),
    clear: () => void lines.splice(0),
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
  };
}
