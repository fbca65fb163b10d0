import { ArcpError, ArcpUsageError } from "../errors.ts";
import type { EventBodies } from "../messages/event-body.ts";

export interface ResultLimits {
  /** Bytes of one decoded chunk. */
  maxChunkBytes: number;
  /** Bytes of one whole decoded result. */
  maxResultBytes: number;
}

/** Section 14 suggests 1 MB a chunk; the whole is bounded so that a reader can plan for it. */
export const defaultResultLimits: ResultLimits = {
  maxChunkBytes: 1024 * 1024,
  maxResultBytes: 256 * 1024 * 1024,
};

/**
 * The chunks of one streamed result (section 8.4), in order, with their sizes checked.
 * One chunk is held back, because only the last one says `more: false`.
 */
export class ResultStream {
  readonly resultId: string;
  readonly encoding: "utf8" | "base64";
  readonly #limits: ResultLimits;
  #held: string | undefined;
  #nextSeq = 0;
  #size = 0;
  #ended = false;

  constructor(resultId: string, encoding: "utf8" | "base64", limits: ResultLimits = defaultResultLimits) {
    this.resultId = resultId;
    this.encoding = encoding;
    this.#limits = limits;
  }

  /** Decoded bytes so far: the `result_size` of the terminating message. */
  get size(): number {
    return this.#size;
  }

  /** Takes one chunk as it will travel; gives the body to emit now, if any. INTERNAL_ERROR beyond a limit. */
  write(data: string): EventBodies["result_chunk"] | undefined {
    if (this.#ended)
      throw new ArcpUsageError("result_stream_misuse", "the result has ended; nothing can follow");
    const bytes = decodedSize(data, this.encoding);
    if (bytes > this.#limits.maxChunkBytes) {
      throw new ArcpError(
        "INTERNAL_ERROR",
        `a result chunk has ${bytes} bytes; at most ${this.#limits.maxChunkBytes} are allowed: write smaller chunks`,
      );
    }
    if (this.#size + bytes > this.#limits.maxResultBytes) {
      throw new ArcpError("INTERNAL_ERROR", `the result is larger than ${this.#limits.maxResultBytes} bytes`);
    }
    this.#size += bytes;
    const ready = this.#held;
    this.#held = data;
    return ready === undefined ? undefined : this.#chunk(ready, true);
  }

  /** The last chunk. An empty result still has one, since `result_id` promises chunks. */
  end(): EventBodies["result_chunk"] {
    if (this.#ended) throw new ArcpUsageError("result_stream_misuse", "the result has already ended");
    this.#ended = true;
    return this.#chunk(this.#held ?? "", false);
  }

  #chunk(data: string, more: boolean): EventBodies["result_chunk"] {
    const chunk_seq = this.#nextSeq++;
    return { result_id: this.resultId, chunk_seq, data, encoding: this.encoding, more };
  }
}

const base64Form = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function decodedSize(data: string, encoding: "utf8" | "base64"): number {
  if (encoding === "utf8") return utf8Length(data);
  if (!base64Form.test(data)) {
    throw new ArcpUsageError("result_stream_misuse", "the chunk is not base64; encode the bytes or use utf8");
  }
  const padding = data.endsWith("==") ? 2 : data.endsWith("=") ? 1 : 0;
  return (data.length / 4) * 3 - padding;
}

const encoder = new TextEncoder();

function utf8Length(text: string): number {
  return encoder.encode(text).length;
}
