import { type CommitReceipt, inputId, PawlError, sessionId } from "@pawl/core";
import type { Outbox, OutboxItem, OutboxRecord } from "@pawl/core/ports";
import type { MemoryContext } from "./context.ts";
import { storableKey } from "./frozen-copy.ts";
import { acceptInput } from "./inbox.ts";
import type { OutboxRow } from "./memory-state.ts";
import type { Sections } from "./sections.ts";

/** @throws PawlError `invalid_id`, `not_storable`: before anything of the commit is written */
export function checkOutbox(items: readonly OutboxItem[]): void {
  for (const item of items) {
    if (item.type === "message") storableKey(item.topic, "The topic of a message");
    else {
      sessionId(item.input.sessionId);
      inputId(item.input.inputId);
      const { idempotencyKey } = item.input;
      if (idempotencyKey !== undefined) storableKey(idempotencyKey, "The idempotency key");
    }
  }
}

/** What follows from a commit that has just been written, in the same section. */
export function fillOutbox(
  context: MemoryContext,
  items: readonly OutboxItem[],
  receipt: CommitReceipt,
): void {
  const { state, hints, now } = context;
  for (const [index, item] of items.entries()) {
    const failure = item.type === "input" ? refusalOf(context, item) : null;
    if (item.type === "input" && failure === null) continue;
    const record: OutboxRecord = Object.freeze({
      id: `${receipt.digest}/${index}`,
      sessionId: receipt.sessionId,
      runId: receipt.runId,
      item,
      attempts: 0,
      dead: failure !== null,
      failure,
      createdAt: now(),
    });
    state.outbox.set(record.id, { record, dueAt: now() });
    if (item.type === "message") hints.message();
  }
}

export function outboxSections(context: MemoryContext): Sections<Outbox> {
  const { state, hints, now } = context;

  function handedOut(id: string, attempts: number): OutboxRow | undefined {
    const row = state.outbox.get(id);
    return row?.record.attempts === attempts && !row.record.dead ? row : undefined;
  }

  return {
    deliverInputs(limit) {
      // Only what was revived waits here: a commit accepts its inputs itself.
      let settled = 0;
      for (const row of state.outbox.values()) {
        const { item, dead } = row.record;
        if (settled >= limit || item.type !== "input" || dead) continue;
        settled += 1;
        const failure = refusalOf(context, item);
        if (failure === null) state.outbox.delete(row.record.id);
        else row.record = Object.freeze({ ...row.record, dead: true, failure });
      }
      const isMore = [...state.outbox.values()].some((r) => r.record.item.type === "input" && !r.record.dead);
      return { settled, nextDueAt: isMore ? now() : null };
    },

    take({ topics, limit, hideMs }) {
      const at = now();
      const behind = new Set<string>();
      const taken: OutboxRecord[] = [];
      for (const row of state.outbox.values()) {
        const { item, dead, sessionId } = row.record;
        if (item.type !== "message" || dead || !topics.includes(item.topic)) continue;
        const line = JSON.stringify([sessionId, item.topic]);
        const isBehind = behind.has(line);
        behind.add(line);
        if (isBehind || row.dueAt > at || taken.length >= limit) continue;
        row.dueAt = at + hideMs;
        row.record = Object.freeze({ ...row.record, attempts: row.record.attempts + 1 });
        taken.push(row.record);
      }
      return taken;
    },

    delivered(id, attempts) {
      return handedOut(id, attempts) !== undefined && state.outbox.delete(id);
    },

    failed(id, attempts, { code, message }, retryAfterMs) {
      const row = handedOut(id, attempts);
      if (row === undefined) return false;
      const failure = Object.freeze({ code, message });
      row.record = Object.freeze({ ...row.record, failure, dead: retryAfterMs === null });
      if (retryAfterMs !== null) row.dueAt = now() + retryAfterMs;
      return true;
    },

    list({ sessionId, dead, limit }) {
      return [...state.outbox.values()]
        .map(({ record }) => record)
        .filter((r) => (sessionId === undefined || r.sessionId === sessionId) && (dead ?? r.dead) === r.dead)
        .slice(0, Math.max(0, limit));
    },

    revive(id) {
      const row = state.outbox.get(id);
      if (row?.record.dead !== true) return false;
      row.record = Object.freeze({ ...row.record, dead: false, attempts: 0 });
      row.dueAt = now();
      hints.message();
      return true;
    },

    discard(id) {
      return state.outbox.get(id)?.record.dead === true && state.outbox.delete(id);
    },

    onMessage: (listener) => hints.onMessage(listener),
  };
}

/** Null when the input was accepted. */
function refusalOf(
  context: MemoryContext,
  { input }: Extract<OutboxItem, { type: "input" }>,
): OutboxRecord["failure"] {
  try {
    acceptInput(context, input);
    return null;
  } catch (error) {
    if (!(error instanceof PawlError)) throw error;
    return Object.freeze({ code: error.code, message: error.message });
  }
}
