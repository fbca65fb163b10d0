// What a commit does, from facts that were read; pure. The order of checks is D20's: committed before, fence, head.
import {
  type CancelEvidence,
  type CommitReceipt,
  canonicalJson,
  type InputId,
  type JsonDigest,
  mintReceipt,
  type SessionId,
  type TurnId,
} from "@pawl/core";
import type { Boundary, Delivery } from "@pawl/core/ports";
import { conflict, fenced } from "./errors.ts";

export interface CommitFacts {
  readonly held: boolean;
  readonly revision: number;
  readonly messageCount: number;
  readonly receiptCount: number;
  readonly lastDigest: string | null;
  readonly openTurn: TurnId | null;
  readonly logHead: number;
  readonly cancel: CancelEvidence | null;
  /** The run's turn has ended. */
  readonly ended: boolean;
  /** Of this run, by sequence. */
  readonly receipts: readonly CommitReceipt[];
  /** Inputs that belong to this run. */
  readonly inputs: readonly {
    readonly inputId: InputId;
    readonly state: string;
    readonly digest: string;
    readonly delivery: Delivery;
  }[];
}

export type CommitDecision =
  | { readonly do: "return"; readonly receipt: CommitReceipt }
  | { readonly do: "cancelled_first"; readonly evidence: CancelEvidence }
  | { readonly do: "write"; readonly receipt: CommitReceipt; readonly returned: readonly InputId[] };

type Content = Omit<Boundary, "row" | "before">;

/** @throws PawlError `store_conflict`, `store_fenced` */
export function decideCommit(
  sessionId: SessionId,
  boundary: Content,
  facts: CommitFacts,
  digest: JsonDigest,
): CommitDecision {
  checkBoundary(boundary);
  const deltaDigest = boundary.delta === null ? null : digest(boundary.delta.messages);

  const before = earlierCommit(boundary, facts, deltaDigest);
  if (before !== undefined) return { do: "return", receipt: before };
  if (!facts.held) throw fenced(sessionId);
  checkHead(sessionId, boundary, facts);

  const settled = boundary.inputIds.map((id) => stagedInput(id, boundary, facts));
  const returned = boundary.boundary === "turn_end" ? inputsToReturn(boundary, facts) : [];
  if (boundary.boundary === "turn_end" && facts.cancel !== null && boundary.outcome?.status !== "cancelled") {
    return { do: "cancelled_first", evidence: facts.cancel };
  }
  const { delta } = boundary;
  const receipt = mintReceipt(
    {
      version: 1,
      sessionId,
      runId: boundary.runId,
      boundary: boundary.boundary,
      sequence: facts.receipts.length,
      inputIds: boundary.inputIds,
      baseRevision: facts.revision,
      revision: facts.revision + (delta === null ? 0 : 1),
      messageCount: delta === null ? 0 : facts.messageCount + delta.messages.length,
      deltaDigest,
      outcome: boundary.outcome,
      previous: facts.lastDigest,
    },
    settled.map((input) => input.digest),
    digest,
  );
  return { do: "write", receipt, returned };
}

function checkBoundary({ boundary, outcome, inputIds }: Content): void {
  if ((boundary === "turn_end") !== (outcome !== null)) {
    throw conflict("A `turn_end` boundary needs an outcome and the others have none.");
  }
  if (new Set(inputIds).size !== inputIds.length) throw conflict("An input can be settled only once.");
}

function earlierCommit(
  boundary: Content,
  facts: CommitFacts,
  deltaDigest: string | null,
): CommitReceipt | undefined {
  const content = (
    b: Pick<Boundary, "boundary" | "outcome" | "inputIds">,
    delta: string | null,
    base: number | null,
  ) => canonicalJson([b.boundary, b.outcome, b.inputIds, delta, base]);
  const asked = content(boundary, deltaDigest, boundary.delta?.baseRevision ?? null);
  const same = facts.receipts.find(
    (r) => content(r, r.deltaDigest, r.deltaDigest === null ? null : r.baseRevision) === asked,
  );
  if (same === undefined && facts.ended) {
    throw conflict(`Turn "${boundary.runId}" was committed with other content: what was committed stays.`);
  }
  return same;
}

function checkHead(sessionId: SessionId, boundary: Content, facts: CommitFacts): void {
  const isOpen = facts.openTurn === boundary.runId;
  if (boundary.boundary === "turn_end" && !isOpen) {
    throw conflict(`Turn "${boundary.runId}" is not the open turn of "${sessionId}" (D8).`);
  }
  if (boundary.delta === null) return;
  // A turn stands on the revision at which it began: others would make its commit impossible.
  if (facts.openTurn !== null && !isOpen) {
    throw conflict(`Only the open turn "${facts.openTurn}" can change "${sessionId}" now.`);
  }
  if (boundary.delta.baseRevision !== facts.revision) {
    throw conflict(
      `Session "${sessionId}" is at revision ${facts.revision} and not at ${boundary.delta.baseRevision}: load it again.`,
    );
  }
}

function stagedInput(id: InputId, boundary: Content, facts: CommitFacts): CommitFacts["inputs"][number] {
  const input = facts.inputs.find((i) => i.inputId === id);
  if (input?.state !== "staged") {
    throw conflict(
      `Input "${id}" does not belong to run "${boundary.runId}", so it cannot be settled by it (D19).`,
    );
  }
  return input;
}

/** Steering inputs that the turn had claimed and did not settle go back: only a turn's terminal does that (D19). */
function inputsToReturn(boundary: Content, facts: CommitFacts): readonly InputId[] {
  const left = facts.inputs.filter((i) => i.state === "staged" && !boundary.inputIds.includes(i.inputId));
  const stuck = left.find((i) => i.delivery === "next");
  if (stuck !== undefined) {
    throw conflict(
      `Input "${stuck.inputId}" began turn "${boundary.runId}" and must be settled by its end (D19).`,
    );
  }
  return left.map((i) => i.inputId);
}
