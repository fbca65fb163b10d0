import {
  INPUT_TRANSITIONS,
  type InputId,
  type InputLedgerEntry,
  type InputState,
  inputPolicy,
  type SessionId,
  type TurnId,
} from "@pawl/core";
import type { Delivery, InputContent } from "@pawl/core/ports";
import type { Row } from "../connection/database.ts";
import { corruptRow } from "../errors.ts";
import { nullableNumber, nullableText, numberColumn, objectColumn, oneOf, textColumn } from "./column.ts";
import { decodedColumn } from "./decoded-column.ts";
import { decoders } from "./decoders.ts";

const STATES = Object.keys(INPUT_TRANSITIONS) as InputState[];
const DELIVERIES: readonly Delivery[] = ["next", "steer", "interrupt"];

/** @throws PawlError `store_corrupt_row` */
export function inputLedgerOfRow(row: Row): InputLedgerEntry {
  const where = `Input "${String(row.input_id)}"`;
  const delivery = oneOf(textColumn(row, "delivery", where), DELIVERIES, where, "delivery");
  if (!Array.isArray(row.history)) throw corruptRow(where, "history is not a list");
  const object = <T>(column: string, member: string, type: "string" | "number"): T | null =>
    row[column] === null ? null : objectColumn<T>(row, column, where, { [member]: type });
  return {
    inputId: textColumn(row, "input_id", where) as InputId,
    sessionId: textColumn(row, "session_id", where) as SessionId,
    position: numberColumn(row, "position", where),
    state: oneOf(textColumn(row, "state", where), STATES, where, "state"),
    delivery,
    policy: object<InputLedgerEntry["policy"]>("policy", "version", "number") ?? inputPolicy(delivery),
    outcome: object<InputLedgerEntry["outcome"]>("outcome", "type", "string"),
    durability: textColumn(row, "durability", where) as InputLedgerEntry["durability"],
    idempotencyKey: nullableText(row, "idempotency_key", where),
    attempts: numberColumn(row, "attempts", where),
    recoveries: numberColumn(row, "recoveries", where),
    history: row.history as InputLedgerEntry["history"],
    source: object<InputLedgerEntry["source"]>("source", "type", "string"),
    payload: decodedColumn<InputContent>(row, "content", where, (content) =>
      decoders().decodeInputContent(content),
    ),
    turnId: nullableText(row, "turn_id", where) as TurnId | null,
    lastRunId: nullableText(row, "last_run_id", where) as TurnId | null,
    lastBoundarySequence: nullableNumber(row, "last_boundary_sequence", where),
    createdAt: numberColumn(row, "created_at_ms", where),
    updatedAt: numberColumn(row, "updated_at_ms", where),
  };
}
