import type { JobId, JobSessionId, Json, JsonObject } from "@pawl/core";
import type { JobDelivery, JobEvent, JobRecord, JobSession } from "@pawl/core/ports";
import type { Row } from "../connection/database.ts";
import { nullableNumber, nullableText, numberColumn, objectColumn, textColumn } from "./column.ts";

/** Each throws PawlError `store_corrupt_row`. */
export function jobOfRow(row: Row): JobRecord {
  const where = `Job "${String(row.job_id)}"`;
  const idempotencyKey = nullableText(row, "idempotency_key", where);
  return {
    jobId: textColumn(row, "job_id", where) as JobId,
    sessionId: textColumn(row, "session_id", where) as JobSessionId,
    principal: textColumn(row, "principal", where),
    agent: textColumn(row, "agent", where),
    status: textColumn(row, "status", where),
    live: row.live === true,
    createdAt: numberColumn(row, "created_at_ms", where),
    ...(idempotencyKey !== null && { idempotencyKey }),
    document: objectColumn<JsonObject>(row, "document", where, {}),
    version: numberColumn(row, "version", where),
    head: numberColumn(row, "head", where),
    endedAt: nullableNumber(row, "ended_at_ms", where),
  };
}

export function jobSessionOfRow(row: Row): JobSession {
  const where = `Job session "${String(row.session_id)}"`;
  return {
    sessionId: textColumn(row, "session_id", where) as JobSessionId,
    document: objectColumn<JsonObject>(row, "document", where, {}),
    expiresAt: nullableNumber(row, "expires_at_ms", where),
    epoch: numberColumn(row, "epoch", where),
    head: numberColumn(row, "head", where),
    acked: numberColumn(row, "acked", where),
  };
}

export function jobEventOfRow(row: Row): JobEvent {
  const where = `Event ${String(row.seq)} of job "${String(row.job_id)}"`;
  return {
    jobId: textColumn(row, "job_id", where) as JobId,
    seq: numberColumn(row, "seq", where),
    body: row.body as Json,
  };
}

export function deliveryOfRow(row: Row): JobDelivery {
  const where = `Delivery ${String(row.seq)} of job session "${String(row.session_id)}"`;
  const jobId = nullableText(row, "job_id", where) as JobId | null;
  // The log of a job that was pruned is gone from the streams too.
  const isGone = row.event === null;
  return {
    sessionId: textColumn(row, "session_id", where) as JobSessionId,
    seq: numberColumn(row, "seq", where),
    event:
      jobId === null || isGone
        ? null
        : { jobId, seq: numberColumn(row, "job_seq", where), body: row.event as Json },
    body: jobId === null ? (row.body as Json) : null,
  };
}
