import { PawlError, type ProcessEvent, type ProcessId, type ProcessRecord } from "@pawl/core";
import { decodeProcessEventBody, decodeProcessRecord } from "@pawl/core/codec";
import type { Row } from "../connection/database.ts";
import { corruptRow } from "../errors.ts";
import { numberColumn, textColumn } from "./column.ts";

/** Each throws PawlError `store_corrupt_row`. */
export function processOfRow(row: Row): ProcessRecord {
  const where = `Background task "${String(row.process_id)}"`;
  return decoded(where, () => decodeProcessRecord(row.record, numberColumn(row, "version", where)));
}

export function processEventOfRow(row: Row): ProcessEvent {
  const where = `Event ${String(row.seq)} of background task "${String(row.process_id)}"`;
  return {
    processId: textColumn(row, "process_id", where) as ProcessId,
    seq: numberColumn(row, "seq", where),
    at: numberColumn(row, "at", where),
    body: decoded(where, () => decodeProcessEventBody(row.body, numberColumn(row, "version", where))),
  };
}

function decoded<T>(where: string, decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    if (cause instanceof PawlError && cause.code === "store_corrupt_row") throw cause;
    throw corruptRow(where, cause instanceof Error ? cause.message : "it has another shape", cause);
  }
}
