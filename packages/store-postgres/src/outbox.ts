import { type CommitReceipt, PawlError } from "@pawl/core";
import type { NewInput, Outbox, OutboxItem, OutboxRecord } from "@pawl/core/ports";
import type { Transaction } from "./connection/database.ts";
import { codeOf } from "./connection/retryable-codes.ts";
import type { StoreContext } from "./context.ts";
import { checkInput, enterInput, entryOf } from "./enter-input.ts";
import { nullableNumber } from "./rows/column.ts";
import { readableRows } from "./rows/decoded-column.ts";
import { outboxOfRow } from "./rows/outbox-row.ts";
import { dropOutboxItem } from "./statements/drop-outbox-item.ts";
import { failOutboxItem } from "./statements/fail-outbox-item.ts";
import { fillOutbox as fillOutboxStatement } from "./statements/fill-outbox.ts";
import { listOutbox } from "./statements/list-outbox.ts";
import { lockOutboxInputs } from "./statements/lock-outbox-inputs.ts";
import { nextOutboxInput } from "./statements/next-outbox-input.ts";
import { reviveOutboxItem } from "./statements/revive-outbox-item.ts";
import { takeOutboxMessages } from "./statements/take-outbox-messages.ts";
import { storableJson, storableKey, storableText } from "./storable.ts";

/**
 * How long a commit waits for a session that a caller's transaction holds, in milliseconds. After that the input waits in the
 * outbox, and the commit does not.
 */
const LINE_WAIT_MS = 500;
/** Lock time-outs and deadlocks: nothing is wrong with the input. */
const HELD_UP = new Set(["55P03", "40P01"]);
const RETRY_INPUT_MS = 1_000;

type Failure = OutboxRecord["failure"];

/** @throws PawlError `invalid_id`, `not_storable`: before anything of the commit is written */
export function checkOutbox(items: readonly OutboxItem[]): void {
  for (const item of items) {
    if (item.type === "input") checkInput(item.input);
    else storableKey(item.topic, "The topic of a message");
  }
}

/** What follows from a commit, in its transaction. `position` is the receipt's place in its chain. */
export async function fillOutbox(
  context: StoreContext,
  tx: Transaction,
  items: readonly OutboxItem[],
  { sessionId, runId, digest }: CommitReceipt,
  position: number,
): Promise<void> {
  const left: { place: number; topic: string | null; item: OutboxItem; failure: Failure }[] = [];
  for (const [place, item] of items.entries()) {
    if (item.type === "message") {
      left.push({ place, topic: item.topic, item, failure: null });
      continue;
    }
    const entry = await enter(context, tx, item.input);
    if (entry !== "accepted")
      left.push({ place, topic: null, item, failure: entry === "held_up" ? null : entry });
  }
  if (left.length > 0) {
    await tx.run(fillOutboxStatement, [sessionId, runId, digest, position, JSON.stringify(left)]);
  }
}

/** After the commit. */
export function hintOutbox({ hints }: StoreContext, items: readonly OutboxItem[]): void {
  for (const item of items) {
    if (item.type === "input") hints.work(item.input.sessionId);
    else hints.message();
  }
}

export function postgresOutbox(context: StoreContext): Outbox {
  const { database, hints } = context;
  return {
    async deliverInputs(limit) {
      const before = await nextDueAt(context);
      if (before === null) return { settled: 0, nextDueAt: null };
      const delivered = await database.transaction("deliver_outbox_inputs", (tx) =>
        deliverDue(context, tx, limit),
      );
      hintOutbox(context, delivered);
      return { settled: delivered.length, nextDueAt: await nextDueAt(context) };
    },

    async take({ topics, limit, hideMs }) {
      // After a lost answer they come again when their time is over.
      const values = [
        topics.map((t) => storableText(t, "The topic of a message")),
        Math.max(0, limit),
        hideMs,
      ];
      const rows = await database.writeOnce(takeOutboxMessages, values);
      return readableRows(rows, outboxOfRow, context.logger);
    },

    async delivered(id, attempts) {
      const { rows, repeated } = await database.writeTold(dropOutboxItem, [idText(id), attempts]);
      return rows.length > 0 || repeated;
    },

    async failed(id, attempts, { code, message }, retryAfterMs) {
      const failure = storableJson({ code, message }, "The failure");
      const { rows, repeated } = await database.writeTold(failOutboxItem, [
        idText(id),
        attempts,
        failure,
        retryAfterMs,
      ]);
      return rows.length > 0 || repeated;
    },

    async list({ sessionId, dead, limit }) {
      const rows = await database.read(listOutbox, [sessionId ?? null, dead ?? null, Math.max(0, limit)]);
      return readableRows(rows, outboxOfRow, context.logger);
    },

    async revive(id) {
      const { rows, repeated } = await database.writeTold(reviveOutboxItem, [idText(id)]);
      if (rows.length > 0) hints.message();
      return rows.length > 0 || repeated;
    },

    async discard(id) {
      const { rows, repeated } = await database.writeTold(dropOutboxItem, [idText(id), null]);
      return rows.length > 0 || repeated;
    },

    onMessage: (listener) => hints.onMessage(listener),
  };
}

async function nextDueAt({ database }: StoreContext): Promise<number | null> {
  const [row] = await database.read(nextOutboxInput, []);
  return nullableNumber(row ?? { due_at_ms: null }, "due_at_ms", "The outbox");
}

async function deliverDue(context: StoreContext, tx: Transaction, limit: number): Promise<OutboxItem[]> {
  const rows = await tx.run(lockOutboxInputs, [Math.max(0, limit)]);
  const settled: OutboxItem[] = [];
  for (const { id, item, attempts } of readableRows(rows, outboxOfRow, context.logger)) {
    if (item.type !== "input") continue;
    const entry = await enter(context, tx, item.input);
    if (entry === "accepted") await tx.run(dropOutboxItem, [id, attempts]);
    else if (entry === "held_up") await tx.run(failOutboxItem, [id, attempts, null, RETRY_INPUT_MS]);
    else await tx.run(failOutboxItem, [id, attempts, JSON.stringify(entry), null]);
    if (entry !== "held_up") settled.push(item);
  }
  return settled;
}

function idText(id: string): string {
  return storableText(id, "The id of an item of the outbox");
}

/** Accepts an input within this transaction, which stays usable whatever comes of it. */
async function enter(
  context: StoreContext,
  tx: Transaction,
  input: NewInput,
): Promise<"accepted" | "held_up" | NonNullable<Failure>> {
  await tx.command(`savepoint entry; set local lock_timeout = ${LINE_WAIT_MS}`);
  try {
    await enterInput(entryOf(context, input), async (statement, values) => ({
      rows: await tx.run(statement, values),
      repeated: false,
    }));
    return "accepted";
  } catch (error) {
    if (HELD_UP.has(codeOf(error))) {
      await tx.command("rollback to savepoint entry");
      return "held_up";
    }
    if (error instanceof PawlError) return { code: error.code, message: error.message };
    throw error;
  }
}
