import { INPUT_TRANSITIONS, type InputId, type InputState, type SessionId, type TurnId } from "@pawl/core";
import type { Delivery, InputContent, InputRecord } from "@pawl/core/ports";
import type { Row } from "../connection/database.ts";
import { nullableNumber, nullableText, numberColumn, oneOf, textColumn } from "./column.ts";
import { decodedColumn } from "./decoded-column.ts";
import { decoders } from "./decoders.ts";
import { isPlainContent } from "./plain-content.ts";

const STATES = Object.keys(INPUT_TRANSITIONS) as InputState[];
const DELIVERIES: readonly Delivery[] = ["next", "steer", "interrupt"];

/** @throws PawlError `store_corrupt_row` */
export function inputOfRow(row: Row): InputRecord {
  const where = `Input "${String(row.input_id)}"`;
  const idempotencyKey = nullableText(row, "idempotency_key", where);
  const at = nullableNumber(row, "not_before_ms", where);
  return {
    inputId: textColumn(row, "input_id", where) as InputId,
    sessionId: textColumn(row, "session_id", where) as SessionId,
    content: isPlainContent(row.content)
      ? row.content
      : decodedColumn<InputContent>(row, "content", where, (content) =>
          decoders().decodeInputContent(content),
        ),
    delivery: oneOf(textColumn(row, "delivery", where), DELIVERIES, where, "delivery"),
    ...(idempotencyKey !== null && { idempotencyKey }),
    ...(at !== null && { at }),
    position: numberColumn(row, "position", where),
    state: oneOf(textColumn(row, "state", where), STATES, where, "state"),
    turnId: nullableText(row, "turn_id", where) as TurnId | null,
    digest: textColumn(row, "digest", where),
    acceptedAt: numberColumn(row, "accepted_at_ms", where),
    lastRunId: nullableText(row, "last_run_id", where) as TurnId | null,
    lastBoundarySequence: nullableNumber(row, "last_boundary_sequence", where),
  };
}
