import type { AwaitEventRecord } from "@pawl/core/ports";

/**
 * Open waits that were read of late. Whoever lists what waits, or looks at one of them, is likely to answer it: what it asks for never
 * changes, so the answer need not read it again. Whether it is still open is for the store to say.
 */
export interface ReadWaits {
  note(records: readonly AwaitEventRecord[]): void;
  /** A wait that may be answered as it was read; it is forgotten by that. */
  take(id: string): AwaitEventRecord | undefined;
}

const MOST_KEPT = 100;
/** Of what a wait asks for, as JSON: longer ones are read again, which is cheap beside writing their answer. */
const LONGEST_CHARACTERS = 8 * 1024;

export function createReadWaits(): ReadWaits {
  const kept = new Map<string, AwaitEventRecord>();
  return {
    note(records) {
      for (const record of records.slice(0, MOST_KEPT)) {
        const { keyId, sessionId, dueAt, terminal, info } = record;
        kept.delete(keyId);
        const isUsual = sessionId !== null && dueAt === null && terminal === null;
        if (!isUsual || JSON.stringify(info).length > LONGEST_CHARACTERS) continue;
        kept.set(keyId, record);
      }
      for (const id of kept.keys()) {
        if (kept.size <= MOST_KEPT) break;
        kept.delete(id);
      }
    },
    take(id) {
      const record = kept.get(id);
      kept.delete(id);
      return record;
    },
  };
}
