import { isPawlError, type Resolution, type ResolvedBy, type SessionId } from "@pawl/core";
import type { AwaitEventRecord, AwaitEventRows, NewAwaitEvent, ResolveResult } from "@pawl/core/ports";
import type { Row } from "./connection/database.ts";
import type { StoreContext } from "./context.ts";
import { ownerValues } from "./owner-values.ts";
import { awaitEventOfRow } from "./rows/await-event-row.ts";
import { nullableText, numberColumn, textColumn } from "./rows/column.ts";
import { readableRows } from "./rows/decoded-column.ts";
import { listDueAwaitEvents } from "./statements/list-due-await-events.ts";
import { listOwnedPending } from "./statements/list-owned-pending.ts";
import { listPendingAwaitEvents } from "./statements/list-pending-await-events.ts";
import { loadAwaitEvent } from "./statements/load-await-event.ts";
import { pruneAwaitEvents } from "./statements/prune-await-events.ts";
import { readRevocation } from "./statements/read-revocation.ts";
import { registerAwaitEvent } from "./statements/register-await-event.ts";
import { resolveAwaitEvent } from "./statements/resolve-await-event.ts";
import { resolveOpenEvent } from "./statements/resolve-open-event.ts";
import { revokeAwaitEvent } from "./statements/revoke-await-event.ts";
import { revokeSessionWaits } from "./statements/revoke-session-waits.ts";
import { storableJson, storableText } from "./storable.ts";

/** Events that are settled at once when many come due: each waits for the line of its own session. */
const SETTLED_AT_ONCE = 4;

export function postgresAwaits({ database, hints, channels, newId, logger }: StoreContext): AwaitEventRows {
  /** `mine`: this call, and not somebody before it, settled the event. */
  async function settle(
    keyId: string,
    resolution: Resolution,
    by: ResolvedBy,
    event?: NewAwaitEvent,
  ): Promise<{ readonly record: AwaitEventRecord; readonly mine: boolean } | null> {
    const about = event && valuesOf(event);
    const [row] = await database.write(resolveAwaitEvent, [
      storableText(keyId, "The key of an await-event"),
      storableJson(resolution, "The resolution"),
      storableJson(by, "Who resolved it"),
      newId(),
      channels.work,
      channels.awaits,
      event !== undefined,
      ...(about
        ? [about.session, about.turn, about.scope, about.wait, about.info, event.dueAt]
        : [null, null, null, null, null, null]),
    ]);
    if (row === undefined) return null;
    tell(keyId, row);
    return { record: awaitEventOfRow(row), mine: row.mine === true };
  }

  function tell(keyId: string, row: Row): void {
    hints.resolved(keyId);
    const woken = nullableText(row, "woken", `Await-event "${keyId}"`);
    if (woken !== null) hints.work(woken as SessionId);
  }

  /** One that cannot be read is settled like the others, and keeps none of them waiting. */
  async function timeOut(keyId: string): Promise<boolean> {
    try {
      return (await settle(keyId, { status: "timeout" }, SWEEPER))?.mine ?? false;
    } catch (error) {
      if (!isPawlError(error, "store_corrupt_row")) throw error;
      logger.error("An await-event that is due cannot be read.", {
        code: error.code,
        message: error.message,
      });
      return true;
    }
  }

  return {
    async register(event) {
      const { session, turn, scope, wait, info } = valuesOf(event);
      const values = [event.keyId, session, turn, scope, wait, info, event.dueAt];
      const [row] = await database.write(registerAwaitEvent, values);
      return row === undefined ? null : awaitEventOfRow(row);
    },

    async resolve(keyId, resolution, by, event): Promise<ResolveResult> {
      const settled = await settle(keyId, resolution, by, event);
      if (settled === null) return { status: "unknown_or_revoked" };
      const { record, mine } = settled;
      // Overdue, it was this call that wrote the time-out, and not what it was asked to write.
      const asAsked = record.terminal?.status === resolution.status;
      return { status: mine && asAsked ? "accepted" : "already_resolved", record };
    },

    async resolveOpen(keyId, resolution, by, as) {
      const key = storableText(keyId, "The key of an await-event");
      const [row] = await database.write(resolveOpenEvent, [
        key,
        storableJson(resolution, "The resolution"),
        storableJson(by, "Who resolved it"),
        newId(),
        channels.work,
        channels.awaits,
        // What was read is written as it was stored, so that its text tells whether it is still the same.
        "info" in as ? JSON.stringify(as.info) : null,
        "infoType" in as ? as.infoType : null,
      ]);
      if (row === undefined) return undefined;
      tell(keyId, row);
      return awaitEventOfRow(row);
    },

    async load(keyId) {
      const [row] = await database.read(loadAwaitEvent, [keyId]);
      return row === undefined ? null : awaitEventOfRow(row);
    },

    async pending({ sessionId, owner, limit }) {
      const values = [sessionId ?? null, Math.max(0, limit)];
      const rows =
        owner === undefined
          ? await database.read(listPendingAwaitEvents, values)
          : await database.read(listOwnedPending, [...ownerValues(owner), ...values]);
      return readableRows(rows, awaitEventOfRow, logger);
    },

    async settleDue(limit) {
      // One more than is settled, to learn when the next is due.
      const most = Math.max(0, limit);
      const rows = await database.read(listDueAwaitEvents, [most + 1]);
      const overdue = rows.filter((row) => row.overdue === true).slice(0, most);
      const [next] = rows.slice(overdue.length);
      const keys = overdue.map((row) => textColumn(row, "key_id", "An await-event that is due"));
      let settled = 0;
      for (let at = 0; at < keys.length; at += SETTLED_AT_ONCE) {
        const some = keys.slice(at, at + SETTLED_AT_ONCE);
        const ends = await Promise.all(some.map(timeOut));
        settled += ends.filter((mine) => mine).length;
      }
      const nextDueAt = next === undefined ? null : numberColumn(next, "due_at_ms", "An await-event");
      return { settled, nextDueAt };
    },

    async isRevoked({ keyId, sessionId }) {
      const [row] = await database.read(readRevocation, [keyId, sessionId]);
      return row?.revoked === true;
    },

    async revoke(keyId) {
      const key = storableText(keyId, "The key of an await-event");
      const [row] = await database.write(revokeAwaitEvent, [key, channels.work, channels.awaits]);
      hints.resolved(keyId);
      const woken = row && nullableText(row, "woken", `Await-event "${keyId}"`);
      if (woken) hints.work(woken as SessionId);
    },

    async revokeSession(sessionId) {
      const values = [sessionId, channels.work, channels.awaits];
      const rows = await database.write(revokeSessionWaits, values);
      for (const row of rows) hints.resolved(textColumn(row, "key_id", `Session "${sessionId}"`));
      if (rows.length > 0) hints.work(sessionId);
    },

    async prune(before, limit) {
      return (await database.write(pruneAwaitEvents, [before, Math.max(0, limit)])).length;
    },

    onResolved: (listener) => hints.onResolved(listener),
  };
}

const SWEEPER: ResolvedBy = { name: "deadline", via: "sweeper" };

function valuesOf(event: NewAwaitEvent) {
  const what = `Await-event "${storableText(event.keyId, "The key of an await-event")}"`;
  return {
    session: event.sessionId,
    turn: event.turnId,
    scope: storableJson(event.scope, what),
    wait: storableJson(event.wait, what),
    info: storableJson(event.info, what),
  };
}
