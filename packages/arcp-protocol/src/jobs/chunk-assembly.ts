import { ArcpPeerError } from "../errors.ts";
import type { EventBodies } from "../messages/event-body.ts";

type Chunk = EventBodies["result_chunk"];

/** A streamed result, put together. */
export interface AssembledResult {
  resultId: string;
  bytes: Uint8Array;
  /** All chunks said utf8. */
  isText: boolean;
}

/**
 * Puts the chunks of one job together (section 8.4): per `result_id`, in `chunk_seq` order from 0, none missing,
 * until `more: false`. A repeated chunk is ignored; a hole, a second stream or too many bytes is a peer error.
 */
export class ChunkAssembly {
  readonly #maxBytes: number;
  #resultId: string | undefined;
  #nextSeq = 0;
  #parts: Uint8Array[] = [];
  #size = 0;
  #complete = false;
  #isText = true;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get started(): boolean {
    return this.#resultId !== undefined;
  }

  add(chunk: Chunk): void {
    this.#resultId ??= chunk.result_id;
    if (chunk.result_id !== this.#resultId) throw broken("chunks of two results in one job");
    if (chunk.chunk_seq < this.#nextSeq) return;
    if (this.#complete) throw broken("a chunk after the last one");
    if (chunk.chunk_seq > this.#nextSeq) throw broken(`chunk ${this.#nextSeq} is missing`);
    const bytes = decodeChunk(chunk);
    this.#size += bytes.length;
    if (this.#size > this.#maxBytes) throw broken(`more than ${this.#maxBytes} bytes; raise maxResultBytes`);
    this.#parts.push(bytes);
    this.#nextSeq += 1;
    this.#isText &&= chunk.encoding === "utf8";
    this.#complete = !chunk.more;
  }

  /** The whole, checked against what job.result says of it. */
  finish(resultId: string, resultSize: number | undefined): AssembledResult {
    if (this.#resultId !== resultId) throw broken(`job.result names ${resultId}, of which no chunk arrived`);
    if (!this.#complete) throw broken("the last chunk is missing");
    if (resultSize !== undefined && resultSize !== this.#size) {
      throw broken(`job.result says ${resultSize} bytes, ${this.#size} arrived`);
    }
    const bytes = new Uint8Array(this.#size);
    let offset = 0;
    for (const part of this.#parts) {
      bytes.set(part, offset);
      offset += part.length;
    }
    this.#parts = [];
    return { resultId, bytes, isText: this.#isText };
  }
}

const encoder = new TextEncoder();

function decodeChunk(chunk: Chunk): Uint8Array {
  if (chunk.encoding === "utf8") return encoder.encode(chunk.data);
  try {
    return Uint8Array.from(atob(chunk.data), (char) => char.charCodeAt(0));
  } catch (cause) {
    throw new ArcpPeerError("result_incomplete", `chunk ${chunk.chunk_seq} is not base64`, { cause });
  }
}

function broken(what: string): ArcpPeerError {
  return new ArcpPeerError("result_incomplete", `the streamed result cannot be put together: ${what}`);
}
