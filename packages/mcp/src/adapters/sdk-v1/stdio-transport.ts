import type { ChildProcess } from "node:child_process";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { type JSONRPCMessage, JSONRPCMessageSchema } from "@modelcontextprotocol/sdk/types.js";
import spawn from "cross-spawn";
import { createFloodGate, MAX_MESSAGES_PER_SECOND } from "../../connections/flood-gate.ts";
import { createLineSplitter } from "../../connections/line-splitter.ts";
import { endGroup, signalGroup, trackGroup } from "../../connections/process-group.ts";
import { ConnectionLost, peerError } from "../../errors.ts";

/*
 * A child process that speaks MCP over its standard streams. The SDK's own transport can neither end a process group
 * nor bound a flood, so this is ours; the protocol above it is the SDK's.
 */

export interface StdioTransportOptions {
  /** For messages to people. */
  readonly server: string;
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment of the process. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string | undefined;
  /** Values that must not appear in messages. */
  readonly secrets?: readonly string[];
  readonly maxMessageBytes?: number;
  /** How long the process is given to end at each step: input closed, SIGTERM, SIGKILL. */
  readonly graceMs?: number;
}

export interface StdioTransport extends Transport {
  /** Why the connection ended; set before `onclose`. */
  readonly lost: () => Error | undefined;
  /** Lines on standard output that were no message of the protocol. */
  readonly strayLines: () => number;
}

/** As in the SDK: room for a large file in one answer, not for a runaway server. */
const MAX_MESSAGE_BYTES = 10 * 1024 * 1024;
const GRACE_MS = 1_000;
const LAST_WORDS_CHARS = 600;
/** Shorter values (`1`, `true`) are settings, and replacing them would garble the words. */
const MIN_SECRET_CHARS = 6;

export function createStdioTransport(options: StdioTransportOptions): StdioTransport {
  const { maxMessageBytes = MAX_MESSAGE_BYTES, graceMs = GRACE_MS } = options;
  const splitter = createLineSplitter(maxMessageBytes);
  let child: ChildProcess | undefined;
  let ended: Error | undefined;
  let closing: Promise<void> | undefined;
  let stray = 0;
  let lastWords = "";
  let windowStart = 0;
  const isTooMany = createFloodGate(MAX_MESSAGES_PER_SECOND);
  let windowBytes = 0;

  const transport: StdioTransport = {
    start: () =>
      new Promise((resolve, reject) => {
        const started = spawn(options.command, [...options.args], {
          env: { ...options.env },
          stdio: ["pipe", "pipe", "pipe"],
          // A group of its own: a Ctrl-C in the host's terminal is the host's to handle.
          detached: process.platform !== "win32",
          windowsHide: true,
          ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
        });
        child = started;
        started.once("error", (cause) => {
          const error = startError(options, cause);
          reject(error);
          finish(error);
        });
        started.once("spawn", () => {
          trackGroup(started.pid as number);
          resolve();
        });
        started.once("exit", (code, signal) => {
          // What the leader leaves behind has nobody to talk to.
          signalGroup(started.pid as number, "SIGKILL");
          const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
          // Answers that it wrote before it ended are still in the pipe.
          const drained = () =>
            finish(new ConnectionLost(`The MCP server "${options.server}" ended ${how}.${said()}`, true));
          if (started.stdout === null || started.stdout.readableEnded) drained();
          else {
            started.stdout.once("close", drained);
            setTimeout(() => started.stdout?.destroy(), graceMs).unref();
          }
        });
        started.stdin?.on("error", () => {});
        started.stdout?.on("error", () => {});
        started.stdout?.on("data", onOutput);
        started.stderr?.on("data", (chunk: Buffer) => {
          lastWords = (lastWords + chunk.toString("utf8")).slice(-LAST_WORDS_CHARS);
        });
      }),

    send: (message) =>
      new Promise((resolve, reject) => {
        const input = child?.stdin;
        if (input === undefined || input === null || ended !== undefined || !input.writable) {
          reject(new ConnectionLost(`The MCP server "${options.server}" is not running.`, false, ended));
          return;
        }
        // Resolves when the bytes have left us, so that a server that reads nothing is noticed by its time-out alone.
        input.write(`${JSON.stringify(message)}\n`, (error) => {
          if (error)
            reject(new ConnectionLost(`The MCP server "${options.server}" takes no input.`, true, error));
          else resolve();
        });
      }),

    close: async () => {
      // Whoever waits for an answer learns at once that none will come; the process is given its time to end.
      finish(undefined);
      closing ??= child === undefined ? Promise.resolve() : endGroup(child, graceMs);
      await closing;
      child?.stdout?.destroy();
      child?.stderr?.destroy();
    },
    lost: () => ended,
    strayLines: () => stray,
  };
  return transport;

  function onOutput(chunk: Buffer): void {
    if (ended !== undefined) return;
    const lines = splitter.push(chunk);
    if (lines === undefined) {
      kill(
        peerError(
          "mcp_message_too_large",
          `The MCP server "${options.server}" sent a message of more than ${maxMessageBytes} bytes and was ended.`,
        ),
      );
      return;
    }
    if (isFlood(chunk.length, lines.length)) {
      kill(
        peerError(
          "mcp_server_flooding",
          `The MCP server "${options.server}" sent more than ${MAX_MESSAGES_PER_SECOND} lines in a second and was ended.`,
        ),
      );
      return;
    }
    for (const line of lines) {
      const message = parseMessage(line);
      if (message !== undefined) transport.onmessage?.(message);
      else if (line.trim() !== "") stray++;
    }
  }

  /** Counts lines against the limit and slows reading down to a few messages of the largest size per second. */
  function isFlood(bytes: number, lines: number): boolean {
    const now = performance.now();
    if (now - windowStart >= 1_000) {
      windowStart = now;
      windowBytes = 0;
    }
    windowBytes += bytes;
    const output = child?.stdout;
    if (windowBytes > 8 * maxMessageBytes && output && !output.isPaused()) {
      output.pause();
      setTimeout(() => output.resume(), 1_000 - (now - windowStart)).unref();
    }
    return isTooMany(lines, now);
  }

  function kill(error: Error): void {
    finish(error);
    void transport.close();
  }

  function finish(error: Error | undefined): void {
    if (ended !== undefined) return;
    ended =
      error ?? new ConnectionLost(`The connection to the MCP server "${options.server}" was closed.`, true);
    transport.onclose?.();
  }

  /** The end of what it wrote to standard error, without the secrets that it was given. */
  function said(): string {
    let words = lastWords.trim();
    for (const value of options.secrets ?? []) {
      if (value.length >= MIN_SECRET_CHARS) words = words.replaceAll(value, "[redacted]");
    }
    return words === "" ? "" : ` Its last words: ${words}`;
  }
}

function parseMessage(line: string): JSONRPCMessage | undefined {
  try {
    const parsed = JSONRPCMessageSchema.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

function startError(options: StdioTransportOptions, cause: Error): Error {
  const code = "code" in cause ? cause.code : undefined;
  if (code === "ENOENT") {
    const where = options.cwd === undefined ? "" : ` (in ${options.cwd})`;
    return peerError(
      "mcp_command_not_found",
      `The MCP server "${options.server}" cannot be started: there is no program \`${options.command}\`${where}. Install it, or correct the command.`,
      { blame: "host", cause },
    );
  }
  return peerError(
    "mcp_server_unavailable",
    `The MCP server "${options.server}" cannot be started with \`${options.command}\`: ${cause.message}`,
    { blame: "host", cause },
  );
}
