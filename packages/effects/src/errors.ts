import { type EffectKind, type ErrorFacts, isPawlError, PawlError } from "@pawl/core";

/** An executor answered with an outcome of another kind than it was asked for: a bug of the executor. */
export function wrongOutcome(expected: EffectKind, actual: string): PawlError {
  return new PawlError(
    "runtime_effect_wrong_outcome",
    `An executor for ${expected} returned an outcome of kind ${actual}. Return the kind that was asked for.`,
    { blame: "host" },
  );
}

export function executorUnavailable(kind: EffectKind): PawlError {
  return new PawlError(
    "runtime_effect_local_executor_unavailable",
    `This host has no executor for ${kind}. Register one under that name.`,
    { blame: "host" },
  );
}

export function executorMismatch(executor: string, kind: EffectKind): PawlError {
  return new PawlError(
    "runtime_effect_local_executor_mismatch",
    `The ${executor} executor cannot perform ${kind}. Register it under the kind that it performs.`,
    { blame: "host" },
  );
}

/** Same position, other command: the code or its configuration changed under a running turn. */
export function nondeterminism(effectId: string, paths: readonly string[]): PawlError {
  const where =
    paths.length === 0 ? "it was not asked for any more" : `it differs at ${paths.slice(0, 8).join(", ")}`;
  return new PawlError(
    "nondeterminism_detected",
    `The recorded effect ${effectId} does not fit what the turn asks for now: ${where}. Run the code that began this turn.`,
    { blame: "host", details: { effectId, paths } },
  );
}

/** What a store throws that is no error of ours still needs a code: the write may or may not have happened. */
export function runtimeStoreError(thrown: unknown): PawlError {
  if (isPawlError(thrown)) return thrown;
  const message = `The store failed: ${PawlError.from(thrown).message}. The turn is driven again.`;
  return new PawlError("runtime_store", message, { blame: "infrastructure", cause: thrown });
}

/** A toolbox ended a call without an outcome: a bug of the toolbox, which the model hears of as a failed result. */
export function toolResultMissing(tool: string): ErrorFacts {
  return { code: "tool_result_missing", message: `The tool "${tool}" ended without a result.` };
}

/** A toolbox said "later" with something that `context.pending` did not make: nobody could ever answer. */
export function toolPendingWithoutKey(tool: string): ErrorFacts {
  const message = `The tool "${tool}" answers later without a key that anybody could answer with: return what context.pending gave.`;
  return { code: "tool_pending_without_key", message };
}

/** The drive lost its lease or its store: nothing that happens from here on is anybody's fact (D3). */
export function driveEnded(cause: unknown): PawlError {
  return new PawlError(
    "drive_ended",
    "This node stopped driving the turn; whoever owns the session goes on.",
    {
      blame: "infrastructure",
      cause,
    },
  );
}

export function processUnknown(id: string): PawlError {
  return new PawlError("process_unknown", `There is no background task "${id}": check its id.`);
}

export function processInvalid(message: string): PawlError {
  return new PawlError("process_definition_invalid", message);
}

export function signalInvalid(message: string): PawlError {
  return new PawlError("process_signal_invalid", message);
}

export function processInputInvalid(name: string, problem: string): PawlError {
  return new PawlError(
    "process_input_invalid",
    `The input does not fit background task "${name}": ${problem}`,
  );
}

export function stepRepeated(stepId: string): PawlError {
  return new PawlError(
    "process_step_repeated",
    `Step "${stepId}" was entered twice in one body: give each step an id of its own.`,
  );
}

/** The log of a turn that has ended was pruned (D8). */
export function turnPruned(turnId: string): PawlError {
  return new PawlError(
    "turn_pruned",
    `The log of turn "${turnId}" was pruned: its result and its receipt are kept, but it cannot be replayed, forked or exported any more.`,
  );
}

export function answerEarly(id: string, from: number): PawlError {
  return new PawlError(
    "wait_answer_early",
    `Whoever began the call of wait "${id}" may be slow and not dead: until ${new Date(from).toISOString()} it may still happen. Look again then; that it did happen can be said at any time.`,
    { blame: "peer", details: { from } },
  );
}
