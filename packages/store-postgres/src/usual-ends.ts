// Group commit for the ends of turns (D9): what several turns end with at once is one statement, one commit and one wake-up of whoever
// listens, under the fence of each (D1).
//
// UE1  Only what is as usual goes this way (SW1): a turn that ends on the ground on which this process began it, with the one input that
//      began it, and from which nothing follows for anybody else.
// UE2  Each end has a fate of its own. What does not land, for whatever reason, is judged by the general statement, alone: that one
//      tells what is wrong, and finds what landed although its answer was lost (D20).
import type { CommitReceipt } from "@pawl/core";
import type { Boundary, Fence } from "@pawl/core/ports";
import type { CommitFacts } from "./commit-decision.ts";
import type { Database } from "./connection/database.ts";
import { SharedWrites } from "./connection/shared-writes.ts";
import { holderOf } from "./fence-values.ts";
import { packReceipt, packUsage } from "./packing/receipt.ts";
import { STORED_LOG_VERSION, type StoredLogRow } from "./rows/log-row.ts";
import { storedMessages } from "./rows/message-rows.ts";
import { endTurns } from "./statements/end-turns.ts";

export interface TurnEnd {
  readonly fence: Fence;
  readonly boundary: Omit<Boundary, "row" | "before">;
  /** As they are believed to be; the statement asserts them. */
  readonly facts: CommitFacts;
  readonly receipt: CommitReceipt;
  /** Written with it, unless an input wants to steer the turn. */
  readonly before: readonly StoredLogRow[];
  readonly row: StoredLogRow | undefined;
  /** Of the boundary as JSON, for the size of a batch. */
  readonly characters: number;
}

export class UsualEnds {
  readonly #ends: SharedWrites;

  constructor(database: Database, channel: string) {
    this.#ends = new SharedWrites({
      database,
      statement: endTurns,
      values: [STORED_LOG_VERSION, channel],
      keyOf: ({ session_id }) => String(session_id),
    });
  }

  /** Undefined: it is none of the usual ones (UE1). Else whether it is committed; if not it has to be judged anew. Never rejects. */
  commit(end: TurnEnd): Promise<boolean> | undefined {
    const row = rowOf(end);
    if (row === undefined) return undefined;
    const { characters, fence } = end;
    const landed = this.#ends.write({ key: fence.sessionId, row, characters });
    return landed.then((answer) => answer !== undefined);
  }
}

/** As `end_turns` reads it, JSON. Undefined: something of it is not as usual. */
function rowOf({ fence, boundary, facts, receipt, before, row }: TurnEnd): string | undefined {
  const { delta, outcome, inputIds, settles = [], outbox = [] } = boundary;
  const [inputId, another] = inputIds;
  const input = facts.inputs.find((known) => known.inputId === inputId);
  if (delta === null || outcome === null || row === undefined || input === undefined || another !== undefined)
    return undefined;
  if (settles.length > 0 || outbox.length > 0) return undefined;
  const { seq, ordinal, at, body } = row;
  const { positions, bodies } = storedMessages(delta.messages, boundary.runId, facts.messageCount);
  // What is JSON already is not written twice.
  const messages = positions.map((position, index) => `{"position":${position},"body":${bodies[index]}}`);
  const columns = JSON.stringify({
    ...holderOf(fence),
    turnId: boundary.runId,
    receipts: facts.receiptCount,
    revision: facts.revision,
    lastDigest: facts.lastDigest,
    sequence: receipt.sequence,
    receipt: packReceipt(receipt),
    digest: receipt.digest,
    usage: packUsage(boundary.usage),
    outcome,
    cancelled: outcome.status === "cancelled",
    said: delta.messages.length,
    inputId,
    inputDigest: input.digest,
    first: before[0]?.first ?? seq,
    before: before.map(({ turnId: _turn, ...columns }) => columns),
    seq,
    ordinal,
    at,
    body,
  });
  return `${columns.slice(0, -1)},"messages":[${messages.join()}]}`;
}
