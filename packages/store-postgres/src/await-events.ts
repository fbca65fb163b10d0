import type { Resolution, ResolvedBy } from "@pawl/core";
import type { AwaitEventRows, NewAwaitEvent, ResolveResult } from "@pawl/core/ports";
import type { StoreContext } from "./context.ts";
import { awaitEventOfRow } from "./rows/await-event-row.ts";
import { nullableText, numberColumn, textColumn } from "./rows/column.ts";
import { listDueAwaitEvents } from "./statements/list-due-await-events.ts";
import { listPendingAwaitEvents } from "./statements/list-pending-await-events.ts";
import { loadAwaitEvent } from "./statements/load-await-event.ts";
import { pruneAwaitEvents } from "./statements/prune-await-events.ts";
import { registerAwaitEvent } from "./statements/register-await-event.ts";
import { resolveAwaitEvent } from "./statements/resolve-await-event.ts";
import { revokeAwaitEvent } from "./statements/revoke-await-event.ts";
import { revokeSessionWaits } from "./statements/revoke-session-waits.ts";
import { storableJson, storableText } from "./storable.ts";

export function postgresAwaits({ database, hints, channels, newId }: StoreContext): AwaitEventRows {
  async function resolve(
    keyId: string,
    resolution: Resolution,
    by: ResolvedBy,
    event?: NewAwaitEvent,
  ): Promise<ResolveResult> {
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
        ? [about.session, about.turn, about.scope, about.wait, about.info]
        : [null, null, null, null, null]),
    ]);
    if (row === undefined) return { status: "unknown_or_revoked" };
    hints.resolved(keyId);
    const woken = nullableText(row, "woken", `Await-event "${keyId}"`);
    if (woken !== null) hints.work(woken as NonNullable<NewAwaitEvent["sessionId"]>);
    return { status: row.won === true ? "accepted" : "already_resolved", record: awaitEventOfRow(row) };
  }

  return {
    async register(event) {
      const { session, turn, scope, wait, info } = valuesOf(event);
      const values = [event.keyId, session, turn, scope, wait, info, event.dueAt];
      const [row] = await database.write(registerAwaitEvent, values);
      return row === undefined ? null : awaitEventOfRow(row);
    },

    resolve,

    async load(keyId) {
      const [row] = await database.read(loadAwaitEvent, [keyId]);
      return row === undefined ? null : awaitEventOfRow(row);
    },

    async pending({ sessionId, limit }) {
      const rows = await database.read(listPendingAwaitEvents, [sessionId ?? null, Math.max(0, limit)]);
      return rows.map(awaitEventOfRow);
    },

    async settleDue(limit) {
      // One more than is settled, to learn when the next is due.
      const rows = await database.read(listDueAwaitEvents, [limit + 1]);
      let settled = 0;
      let nextDueAt: number | null = null;
      for (const row of rows) {
        const keyId = textColumn(row, "key_id", "An await-event that is due");
        if (row.overdue === true && settled < limit) {
          const result = await resolve(keyId, { status: "timeout" }, { name: "deadline", via: "sweeper" });
          if (result.status !== "unknown_or_revoked") settled += 1;
        } else {
          nextDueAt ??= numberColumn(row, "due_at_ms", `Await-event "${keyId}"`);
        }
      }
      return { settled, nextDueAt };
    },

    async revoke(keyId) {
      await database.write(revokeAwaitEvent, [
        storableText(keyId, "The key of an await-event"),
        channels.awaits,
      ]);
      hints.resolved(keyId);
    },

    async revokeSession(sessionId) {
      const rows = await database.write(revokeSessionWaits, [sessionId, channels.awaits]);
      for (const row of rows) hints.resolved(textColumn(row, "key_id", `Session "${sessionId}"`));
    },

    async prune(before, limit) {
      return (await database.write(pruneAwaitEvents, [before, limit])).length;
    },

    onResolved: (listener) => hints.onResolved(listener),
  };
}

function valuesOf(event: NewAwaitEvent) {
  const what = `Await-event "${event.keyId}"`;
  return {
    session: event.sessionId,
    turn: event.turnId,
    scope: storableJson(event.scope, what),
    wait: storableJson(event.wait, what),
    info: storableJson(event.info, what),
  };
}
