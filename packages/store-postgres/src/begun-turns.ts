import type { InputId, TurnId } from "@pawl/core";
import type { Boundary, Fence } from "@pawl/core/ports";
import type { CommitFacts } from "./commit-decision.ts";
import { sameHolder } from "./connection/append-batch.ts";

/** What a turn stood on when it began; see `CommitFacts`. */
export type BegunTurn = Pick<
  CommitFacts,
  "revision" | "messageCount" | "receiptCount" | "lastDigest" | "inputs"
> & { readonly turnId: TurnId };

/** Holders that were superseded do not say goodbye; what is forgotten costs a look. */
const MOST_REMEMBERED = 10_000;

/**
 * What this process saw when it began the turns that it drives: most of them end on the same ground, so that their commit need not read
 * it again. It is a guess only, because the statement that commits asserts all of it; a wrong one costs a look.
 */
export class BegunTurns {
  readonly #turns = new Map<string, { readonly fence: Fence; readonly turn: BegunTurn }>();

  remember(fence: Fence, turn: BegunTurn): void {
    if (this.#turns.size >= MOST_REMEMBERED) this.#turns.clear();
    this.#turns.set(fence.sessionId, { fence, turn });
  }

  /** The ground is another one: an input entered the turn, something was committed, or its holder leaves. */
  forget(sessionId: string): void {
    this.#turns.delete(sessionId);
  }

  /** Once: whoever comes again has to look. `logHead`: the last row that this holder wrote. */
  guess(fence: Fence, boundary: Omit<Boundary, "row">, logHead: number | undefined): CommitFacts | undefined {
    const known = this.#turns.get(fence.sessionId);
    this.forget(fence.sessionId);
    if (known === undefined || logHead === undefined || !sameHolder(known.fence, fence)) return undefined;
    const { turnId, ...ground } = known.turn;
    const isItsEnd = boundary.boundary === "turn_end" && boundary.runId === turnId;
    if (!isItsEnd || !isSame(boundary.inputIds, ground.inputs)) return undefined;
    return { ...ground, held: true, openTurn: turnId, logHead, cancel: null, ended: false, receipts: [] };
  }
}

function isSame(ids: readonly InputId[], inputs: CommitFacts["inputs"]): boolean {
  return ids.length === inputs.length && inputs.every(({ inputId }) => ids.includes(inputId));
}
