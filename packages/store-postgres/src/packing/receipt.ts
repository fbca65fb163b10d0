import type { CommitReceipt, Json, TurnOutcome, Usage } from "@pawl/core";
import { usage } from "./conversation.ts";
import { idOfTurn } from "./names.ts";
import { type Beside, list, object, type Packing, required, usually, word } from "./packing.ts";

/** What a receipt stands beside: its run, and how that ended, where this receipt is of its end. */
interface BesideReceipt extends Beside {
  readonly sessionId: string;
  readonly outcome: TurnOutcome | null;
}

const AS_THE_TURN = 0;

/** Of the end of a turn it stands in the row of the turn, which is there as long as the receipt is. */
const outcome: Packing = {
  pack: (value, beside) => (value !== null && value === outcomeOf(beside) ? AS_THE_TURN : value),
  unpack(packed, beside) {
    if (packed !== AS_THE_TURN) return packed;
    const known = outcomeOf(beside);
    if (known === null) throw new Error("Its turn has no outcome.");
    return known as unknown as Json;
  },
};

function outcomeOf(beside: Beside): TurnOutcome | null {
  return (beside as BesideReceipt).outcome;
}

/** Erasing a session keeps these two, see `statements/seal-erased-session.ts`. */
export const PREVIOUS_PLACE = 11;
export const DIGEST_PLACE = 12;

const receipt = object(
  usually("version", 1),
  usually("sessionId", (beside) => (beside as BesideReceipt).sessionId),
  usually("runId", ({ turnId }) => turnId),
  required("boundary", word("turn_end", "immediate", "run_start", "run_checkpoint")),
  required("sequence"),
  required("inputIds", list(idOfTurn)),
  required("baseRevision"),
  required("revision"),
  required("messageCount"),
  required("deltaDigest"),
  required("outcome", outcome),
  required("previous"),
  required("digest"),
);

/** A receipt, as it is stored beside its session, its run, and the outcome of its turn where it is of the end of that. */
export function packReceipt(value: CommitReceipt): unknown {
  const { sessionId, runId: turnId, boundary } = value;
  const beside: BesideReceipt = {
    sessionId,
    turnId,
    outcome: boundary === "turn_end" ? value.outcome : null,
  };
  return receipt.pack(value, beside) ?? value;
}

/** @throws Error for what no packing of this version has made */
export function unpackReceipt(packed: Json, beside: BesideReceipt): Json {
  return receipt.unpack(packed, beside);
}

const NOTHING: Beside = { turnId: "" };

export function packUsage(value: Usage): unknown {
  return usage.pack(value, NOTHING) ?? value;
}

/** @throws Error for what no packing of this version has made */
export function unpackUsage(packed: Json): Json {
  return usage.unpack(packed, NOTHING);
}
