/**
 * Cuts a byte stream into lines. Chunks are joined once per line, so a large message costs linear time.
 */
export interface LineSplitter {
  /** The lines that this chunk completes, without their ends; `undefined` if a line grew beyond the limit. */
  push(chunk: Buffer): string[] | undefined;
}

export function createLineSplitter(maxLineBytes: number): LineSplitter {
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  return {
    push(chunk) {
      const lines: string[] = [];
      let from = 0;
      for (let at = chunk.indexOf(10, from); at !== -1; at = chunk.indexOf(10, from)) {
        const last = chunk.subarray(from, at);
        if (pendingBytes + last.length > maxLineBytes) return undefined;
        lines.push(
          pending.length === 0 ? last.toString("utf8") : Buffer.concat([...pending, last]).toString("utf8"),
        );
        pending = [];
        pendingBytes = 0;
        from = at + 1;
      }
      if (from < chunk.length) {
        pending.push(chunk.subarray(from));
        pendingBytes += chunk.length - from;
        if (pendingBytes > maxLineBytes) return undefined;
      }
      return lines;
    },
  };
}
