import { type CommitReceipt, type LogRow, PawlError, type TurnId } from "@pawl/core";
import type { Boundary, CommitResult, Fence } from "@pawl/core/ports";
import { checkRun, rowMisfit } from "./append-checks.ts";
import { type CommitDecision, type CommitFacts, decideCommit } from "./commit-decision.ts";
import type { Row } from "./connection/database.ts";
import { isAssertionFailure } from "./connection/retryable-codes.ts";
import type { StoreContext } from "./context.ts";
import { conflict } from "./errors.ts";
import { fenceValues } from "./fence-values.ts";
import { checkOutbox, fillOutbox, hintOutbox } from "./outbox.ts";
import { packReceipt, packUsage } from "./packing/receipt.ts";
import { commitFactsOfRow } from "./rows/commit-facts-row.ts";
import { joinedRows, STORED_LOG_VERSION, type StoredLogRow, storedLogRow } from "./rows/log-row.ts";
import { storedMessages } from "./rows/message-rows.ts";
import { commitBoundary } from "./statements/commit-boundary.ts";
import { readCommitFacts } from "./statements/read-commit-facts.ts";
import { storableJson } from "./storable.ts";

/** A commit whose head moved is decided anew; only an earlier attempt of the same holder can have moved it. */
const MOST_LOOKS = 5;

/**
 * Reads what the decision needs, decides, and writes in one statement that asserts the same again: two round trips, and one for a turn
 * that ends on the ground on which this process began it. A write
 * whose answer was lost is found by the next look, because its receipt is there (D20).
 */
export async function commit(context: StoreContext, fence: Fence, given: Boundary): Promise<CommitResult> {
  const { groupCommit, digest } = context;
  const { row, before = [], ...content } = given;
  // Detached from the caller, who may change it while this waits.
  const json = storableJson(content, "The boundary");
  const boundary = JSON.parse(json) as Content;
  checkOutbox(boundary.outbox ?? []);
  await groupCommit.settle(fence.sessionId);
  const guess = context.begun.guess(fence, boundary, groupCommit.headOf(fence));
  const rows = storedBefore(boundary.runId, before);
  // Only the usual ends are committed together with other rows.
  if (rows.length > 0 && guess === undefined) return { status: "apart" };
  for (let looks = 0; looks < MOST_LOOKS; looks++) {
    const isGuess = looks === 0 && guess !== undefined;
    const facts = isGuess ? guess : await readFacts(context, fence, boundary);
    let decided: CommitDecision;
    let last: StoredLogRow | undefined;
    try {
      decided = decideCommit(fence.sessionId, boundary, facts, digest);
      if (decided.do === "write") {
        const head = facts.logHead + before.length;
        last = row && lastRow(fence, row(structuredClone(decided.receipt)), boundary.runId, head);
      }
    } catch (error) {
      // What does not fit a guess may fit what is there.
      if (isGuess) continue;
      throw error;
    }
    if (decided.do === "cancelled_first") return { status: "cancelled_first", evidence: decided.evidence };
    if (decided.do === "return") return { status: "committed", receipt: decided.receipt };

    const { receipt } = decided;
    const end = { fence, boundary, facts, receipt, before: rows, row: last, characters: json.length };
    const together = isGuess ? await context.ends.commit(end) : undefined;
    if (together === true) return committed(context, fence, boundary, receipt, last);
    if (together === false) continue;
    if (rows.length > 0) return { status: "apart" };
    const values = valuesOf(context, fence, boundary, decided, facts, last);
    const [answer] = await write(context, values, boundary, {
      receipt,
      position: facts.receiptCount,
    }).catch((error: unknown) => {
      // An input changed after the look: the next one says which.
      if (error instanceof PawlError && isAssertionFailure(error.cause)) return [];
      throw error;
    });
    if (answer?.done !== true) continue;
    return committed(context, fence, boundary, receipt, last);
  }
  throw new PawlError(
    "store_outcome_unknown",
    `The commit of "${boundary.runId}" did not settle: commit the same again.`,
    { blame: "infrastructure" },
  );
}

/** Tells of it whoever in this process wants to hear of it. */
function committed(
  context: StoreContext,
  { sessionId }: Fence,
  { boundary, usage, outbox, settles = [] }: Content,
  receipt: CommitReceipt,
  last: StoredLogRow | undefined,
): CommitResult {
  const { hints } = context;
  if (last !== undefined) hints.appended(sessionId);
  const end = () => structuredClone({ receipt, usage });
  hints.rested(sessionId, boundary === "turn_end" ? end : undefined);
  if (outbox !== undefined) hintOutbox(context, outbox);
  for (const { event } of settles) {
    hints.resolved(event.keyId);
    if (event.sessionId !== null) hints.work(event.sessionId);
  }
  return { status: "committed", receipt: JSON.parse(JSON.stringify(receipt)) };
}

/** In one statement, which most commits are; else in one transaction with what follows from them. */
function write(
  context: StoreContext,
  values: unknown[],
  { outbox = [] }: Content,
  { receipt, position }: { readonly receipt: CommitReceipt; readonly position: number },
): Promise<readonly Row[]> {
  const { database } = context;
  if (outbox.length === 0) return database.write(commitBoundary, values);
  return database.transaction(commitBoundary.name, async (tx) => {
    const rows = await tx.run(commitBoundary, values);
    if (rows[0]?.done === true) await fillOutbox(context, tx, outbox, receipt, position);
    return rows;
  });
}

async function readFacts(context: StoreContext, fence: Fence, boundary: Content): Promise<CommitFacts> {
  const values = [...fenceValues(fence), boundary.runId, boundary.inputIds];
  const [row] = await context.database.read(readCommitFacts, values);
  return commitFactsOfRow(row ?? {}, fence.sessionId);
}

type Content = Omit<Boundary, "row" | "before">;
type Write = Extract<CommitDecision, { do: "write" }>;

function storedBefore(runId: TurnId, rows: readonly LogRow[]): readonly StoredLogRow[] {
  checkRun(runId, rows);
  return joinedRows(rows);
}

/** `head`: the number of the row before it. */
function lastRow({ sessionId }: Fence, row: LogRow, runId: TurnId, head: number): StoredLogRow {
  if (row.turnId !== runId) {
    throw conflict(`Row ${row.seq} is of turn "${row.turnId}", which is not the open one.`);
  }
  if (row.seq !== head + 1) throw rowMisfit(sessionId, row.seq, head);
  return storedLogRow(row);
}

/** As `commit_boundary` reads it from JSON. */
function settledRow({ event, resolution }: NonNullable<Boundary["settles"]>[number]) {
  const { keyId, sessionId, turnId, scope, wait, info, dueAt } = event;
  return {
    key_id: keyId,
    session_id: sessionId,
    turn_id: turnId,
    scope,
    wait,
    info,
    due_ms: dueAt,
    terminal: resolution,
  };
}

/** The parameters of `commit_boundary`, from $1 on. */
function valuesOf(
  { channels }: StoreContext,
  fence: Fence,
  boundary: Content,
  { receipt, returned }: Write,
  facts: CommitFacts,
  row: StoredLogRow | undefined,
): unknown[] {
  const { runId, outcome, delta, settles = [] } = boundary;
  const said = delta && storedMessages(delta.messages, runId, facts.messageCount);
  return [
    ...fenceValues(fence),
    runId,
    boundary.boundary === "turn_end",
    facts.receiptCount,
    facts.revision,
    facts.lastDigest,
    receipt.sequence,
    JSON.stringify(packReceipt(receipt)),
    receipt.digest,
    JSON.stringify(packUsage(boundary.usage)),
    outcome === null ? null : JSON.stringify(outcome),
    outcome?.status === "cancelled",
    said?.positions ?? null,
    said?.bodies ?? null,
    boundary.inputIds,
    returned,
    row?.seq ?? null,
    row?.ordinal ?? null,
    row?.at ?? null,
    row?.body ?? null,
    STORED_LOG_VERSION,
    channels.log,
    settles.length === 0 ? null : JSON.stringify(settles.map(settledRow)),
    channels.work,
    channels.awaits,
    facts.inputs.filter(({ inputId }) => boundary.inputIds.includes(inputId)).map(({ digest }) => digest),
    delta?.messages.length ?? null,
  ];
}
