import { type CommitReceipt, canonicalJson, type JsonDigest, mintReceipt } from "@pawl/core";
import type { Boundary, CommitResult, Fence, InputRecord } from "@pawl/core/ports";
import { awaitSections, endWaitsOfTurn } from "./await-events.ts";
import { noteNeed, steeringInputs } from "./claim-policy.ts";
import type { MemoryContext } from "./context.ts";
import { conflict } from "./errors.ts";
import { holdSession } from "./fence.ts";
import { frozenCopy } from "./frozen-copy.ts";
import { changeInput } from "./input-rows.ts";
import { checkNewRows } from "./log-rows.ts";
import { lastDigest, type MemoryState, type SessionRow, touch } from "./memory-state.ts";
import { checkOutbox, fillOutbox } from "./outbox.ts";

/**
 * The one commit verb. The order of checks is D20's: committed before, fence, head. Everything that can fail comes before
 * the first change.
 */
export function commitBoundary(context: MemoryContext, fence: Fence, given: Boundary): CommitResult {
  const { state, hints, now, digest } = context;
  const boundary = checkBoundary(given);
  const deltaDigest = boundary.delta === null ? null : digest(boundary.delta.messages);

  const before = earlierCommit(state, fence, boundary, deltaDigest);
  if (before !== undefined) return { status: "committed", receipt: before };

  const at = now();
  const session = holdSession(state, fence, at);
  checkHead(session, boundary);
  const settled = inputsToSettle(state, session, boundary);
  const returned = boundary.boundary === "turn_end" ? inputsToReturn(state, session, boundary) : [];
  const cancel = state.cancels.get(boundary.runId);
  if (boundary.boundary === "turn_end" && cancel !== undefined && boundary.outcome?.status !== "cancelled") {
    return { status: "cancelled_first", evidence: cancel };
  }
  const { before: rows = [] } = given;
  if (rows.length > 0 && steeringInputs(state, session, at).length > 0) return { status: "apart" };
  const receipt = mint(session, boundary, deltaDigest, settled, digest);
  const last = given.row?.(receipt);
  const written = checkNewRows(session, fence, boundary.runId, last === undefined ? rows : [...rows, last]);

  if (boundary.delta !== null) {
    session.messages.push(...boundary.delta.messages);
    session.revision += 1;
  }
  session.receipts.push(receipt);
  session.runs.set(boundary.runId, [...(session.runs.get(boundary.runId) ?? []), receipt]);
  for (const input of settled) {
    changeInput(
      state,
      session,
      Object.freeze({
        ...input,
        state: "consumed" as const,
        lastRunId: boundary.runId,
        lastBoundarySequence: receipt.sequence,
      }),
      at,
    );
  }
  for (const input of returned) changeInput(state, session, input, at);
  session.log.push(...written);
  if (boundary.boundary === "turn_end") {
    session.openTurn!.committed = Object.freeze({ receipt, usage: boundary.usage, committedAt: at });
    session.openTurn = null;
    endWaitsOfTurn(state, boundary.runId, at);
    state.cancels.delete(boundary.runId);
    if (session.runtimeState === "running") session.runtimeState = session.restState;
  }
  for (const { event, resolution } of boundary.settles ?? []) {
    awaitSections(context).resolve(event.keyId, resolution, { name: "turn", via: "turn" }, event);
  }
  touch(state, session);
  noteNeed(state, session);
  if (written.length > 0) hints.appended(session.sessionId);
  const end =
    boundary.boundary === "turn_end" ? Object.freeze({ receipt, usage: boundary.usage }) : undefined;
  hints.rested(session.sessionId, end);
  fillOutbox(context, boundary.outbox ?? [], receipt);
  return { status: "committed", receipt };
}

type Checked = Omit<Boundary, "row" | "before">;

function checkBoundary(given: Boundary): Checked {
  const { row: _row, before: _before, ...content } = given;
  const checked: Checked = frozenCopy(content, "The boundary");
  const { boundary, outcome, inputIds } = checked;
  checkOutbox(checked.outbox ?? []);
  if ((boundary === "turn_end") !== (outcome !== null)) {
    throw conflict("A `turn_end` boundary needs an outcome and the others have none.");
  }
  if (new Set(inputIds).size !== inputIds.length) throw conflict("An input can be settled only once.");
  return checked;
}

/** @throws PawlError `store_conflict` when the turn ended with other content */
function earlierCommit(
  state: MemoryState,
  fence: Fence,
  boundary: Checked,
  deltaDigest: string | null,
): CommitReceipt | undefined {
  const receipts = state.sessions.get(fence.sessionId)?.runs.get(boundary.runId) ?? [];
  const asked = canonicalJson([
    boundary.boundary,
    boundary.outcome,
    boundary.inputIds,
    deltaDigest,
    boundary.delta?.baseRevision ?? null,
  ]);
  for (const r of receipts) {
    const base = r.deltaDigest === null ? null : r.baseRevision;
    if (canonicalJson([r.boundary, r.outcome, r.inputIds, r.deltaDigest, base]) === asked) return r;
  }
  const turn = state.turns.get(boundary.runId);
  if (turn !== undefined && turn.committed !== null) {
    throw conflict(`Turn "${boundary.runId}" was committed with other content: what was committed stays.`);
  }
  return undefined;
}

function checkHead(session: SessionRow, boundary: Checked): void {
  const isOpen = session.openTurn?.turnId === boundary.runId;
  if (boundary.boundary === "turn_end" && !isOpen) {
    throw conflict(`Turn "${boundary.runId}" is not the open turn of "${session.sessionId}" (D8).`);
  }
  if (boundary.delta === null) return;
  // A turn stands on the revision at which it began: others would make its commit impossible.
  if (session.openTurn !== null && !isOpen) {
    throw conflict(`Only the open turn "${session.openTurn.turnId}" can change "${session.sessionId}" now.`);
  }
  if (boundary.delta.baseRevision !== session.revision) {
    throw conflict(
      `Session "${session.sessionId}" is at revision ${session.revision} and not at ${boundary.delta.baseRevision}: load it again.`,
    );
  }
}

function inputsToSettle(state: MemoryState, session: SessionRow, boundary: Checked): readonly InputRecord[] {
  return boundary.inputIds.map((id) => {
    const input = state.inputs.get(id);
    const mine = input?.sessionId === session.sessionId && input.turnId === boundary.runId;
    if (!mine || input.state !== "staged") {
      throw conflict(
        `Input "${id}" does not belong to run "${boundary.runId}", so it cannot be settled by it (D19).`,
      );
    }
    return input;
  });
}

/** Steering inputs that the turn had claimed and did not settle go back: only a turn's terminal does that (D19). */
function inputsToReturn(state: MemoryState, session: SessionRow, boundary: Checked): readonly InputRecord[] {
  const left = [...session.staged]
    .map((id) => state.inputs.get(id)!)
    .filter((input) => input.turnId === boundary.runId && !boundary.inputIds.includes(input.inputId));
  const stuck = left.find((input) => input.delivery === "next");
  if (stuck !== undefined) {
    throw conflict(
      `Input "${stuck.inputId}" began turn "${boundary.runId}" and must be settled by its end (D19).`,
    );
  }
  return left.map((input) => Object.freeze({ ...input, state: "queued" as const, turnId: null }));
}

function mint(
  session: SessionRow,
  boundary: Checked,
  deltaDigest: string | null,
  settled: readonly InputRecord[],
  digest: JsonDigest,
): CommitReceipt {
  const { delta } = boundary;
  return frozenCopy(
    mintReceipt(
      {
        version: 1,
        sessionId: session.sessionId,
        runId: boundary.runId,
        boundary: boundary.boundary,
        sequence: session.runs.get(boundary.runId)?.length ?? 0,
        inputIds: boundary.inputIds,
        baseRevision: session.revision,
        revision: session.revision + (delta === null ? 0 : 1),
        messageCount: delta === null ? 0 : session.messages.length + delta.messages.length,
        deltaDigest,
        outcome: boundary.outcome,
        previous: lastDigest(session),
      },
      settled.map((input) => input.digest),
      digest,
    ),
    "The receipt",
  );
}
