import type { ResultStream } from "../jobs/result-stream.ts";
import { heard } from "./heard.ts";
import type { JobRun } from "./job-run.ts";

/** What an agent returns for a result that it has streamed. */
export class StreamedResult {
  readonly #payload: Record<string, unknown>;

  constructor(payload: Record<string, unknown>) {
    this.#payload = payload;
  }

  toPayload(): Record<string, unknown> {
    return this.#payload;
  }
}

/**
 * Streams a job's result in chunks. For a client that has not negotiated `result_chunk` the same calls collect the
 * chunks and the result is sent inline: text as it is, bytes as base64.
 */
export class ResultWriter {
  readonly #run: JobRun;
  readonly #stream: ResultStream;
  #collected: string[] = [];

  constructor(run: JobRun, stream: ResultStream) {
    this.#run = run;
    this.#stream = stream;
  }

  get resultId(): string {
    return this.#stream.resultId;
  }

  /**
   * One chunk: text for `utf8`, bytes or base64 text for `base64`. Rejects with INTERNAL_ERROR beyond a size limit;
   * an agent that lets that through fails with it, as section 14 asks.
   */
  write(data: string | Uint8Array): Promise<void> {
    return heard(this.#write(data));
  }

  async #write(data: string | Uint8Array): Promise<void> {
    const text = typeof data === "string" ? data : encodeBytes(data, this.#stream.encoding);
    const ready = this.#stream.write(text);
    if (!this.#run.canStream) this.#collected.push(text);
    else if (ready !== undefined) await this.#run.emitChunk(ready);
  }

  /** Sends the last chunk; return what this gives from the agent. */
  end(options: { summary?: string } = {}): Promise<StreamedResult> {
    return heard(this.#end(options));
  }

  async #end(options: { summary?: string }): Promise<StreamedResult> {
    const last = this.#stream.end();
    const summary = options.summary === undefined ? {} : { summary: options.summary };
    if (!this.#run.canStream) return new StreamedResult({ result: this.#inline(), ...summary });
    await this.#run.emitChunk(last);
    return new StreamedResult({ result_id: last.result_id, result_size: this.#stream.size, ...summary });
  }

  #inline(): string {
    if (this.#stream.encoding === "utf8") return this.#collected.join("");
    const bytes = Buffer.concat(this.#collected.map((part) => Buffer.from(part, "base64")));
    return bytes.toString("base64");
  }
}

function encodeBytes(bytes: Uint8Array, encoding: "utf8" | "base64"): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(encoding);
}
