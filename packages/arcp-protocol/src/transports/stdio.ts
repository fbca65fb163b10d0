import type { Readable, Writable } from "node:stream";
import type { Transport, TransportHandlers } from "./transport.ts";

/** A line longer than this ends the connection. Bytes. */
const DEFAULT_MAX_LINE_BYTES = 16 * 1024 * 1024;

const NEWLINE = 10;

/**
 * One JSON object a line over a pair of streams: a child's stdin and stdout, or this process's own. Whatever else a
 * child prints on stdout breaks the protocol; it has stderr for that.
 */
export function stdioTransport(
  input: Readable,
  output: Writable,
  options: { maxLineBytes?: number } = {},
): Transport {
  return new StdioTransport(input, output, options.maxLineBytes ?? DEFAULT_MAX_LINE_BYTES);
}

class StdioTransport implements Transport {
  readonly #input: Readable;
  readonly #output: Writable;
  readonly #maxLineBytes: number;
  #handlers: TransportHandlers | undefined;
  #parts: Buffer[] = [];
  #partsSize = 0;
  #ended = false;

  constructor(input: Readable, output: Writable, maxLineBytes: number) {
    this.#input = input;
    this.#output = output;
    this.#maxLineBytes = maxLineBytes;
  }

  start(handlers: TransportHandlers): void {
    this.#handlers = handlers;
    this.#input.on("data", (chunk: Buffer | string) => {
      this.#take(typeof chunk === "string" ? Buffer.from(chunk, "utf8") : chunk);
    });
    this.#input.on("end", () => this.#end(1000, "end of input"));
    this.#input.on("close", () => this.#end(1006, "input closed"));
    this.#input.on("error", () => this.#end(1006, "input failed"));
    this.#output.on("error", () => this.#end(1006, "output failed"));
    this.#output.on("drain", () => handlers.drain());
  }

  get waiting(): number {
    return this.#output.writableLength;
  }

  send(frame: string): void {
    if (!this.#ended && this.#output.writable) this.#output.write(`${frame}\n`);
  }

  close(_code = 1000, reason = ""): void {
    if (this.#ended) return;
    this.#output.end();
    this.#end(1000, reason);
  }

  pause(): void {
    this.#input.pause();
  }

  resume(): void {
    this.#input.resume();
  }

  #take(chunk: Buffer): void {
    let rest = chunk;
    while (!this.#ended) {
      const newline = rest.indexOf(NEWLINE);
      if (newline < 0) break;
      this.#parts.push(rest.subarray(0, newline));
      rest = rest.subarray(newline + 1);
      this.#line();
    }
    if (rest.length === 0) return;
    this.#parts.push(rest);
    this.#partsSize += rest.length;
    if (this.#partsSize > this.#maxLineBytes) {
      this.#output.end();
      this.#end(1009, "line too long");
    }
  }

  #line(): void {
    const line = Buffer.concat(this.#parts).toString("utf8").trim();
    this.#parts = [];
    this.#partsSize = 0;
    if (line !== "") this.#handlers?.frame(line);
  }

  #end(code: number, reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#parts = [];
    this.#handlers?.closed({ code, reason });
  }
}
