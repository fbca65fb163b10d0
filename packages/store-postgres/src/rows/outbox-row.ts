import type { SessionId, TurnId } from "@pawl/core";
import type { OutboxItem, OutboxRecord } from "@pawl/core/ports";
import type { Row } from "../connection/database.ts";
import { numberColumn, objectColumn, textColumn } from "./column.ts";

type Failure = NonNullable<OutboxRecord["failure"]>;

/** @throws PawlError `store_corrupt_row` */
export function outboxOfRow(row: Row): OutboxRecord {
  const where = `Item "${String(row.id)}" of the outbox`;
  return {
    id: textColumn(row, "id", where),
    sessionId: textColumn(row, "session_id", where) as SessionId,
    runId: textColumn(row, "run_id", where) as TurnId,
    item: objectColumn<OutboxItem>(row, "item", where, { type: "string" }),
    attempts: numberColumn(row, "attempts", where),
    dead: row.dead === true,
    failure:
      row.failure === null
        ? null
        : objectColumn<Failure>(row, "failure", where, { code: "string", message: "string" }),
    createdAt: numberColumn(row, "created_at_ms", where),
  };
}
