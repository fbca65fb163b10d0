import type { InputName } from "./input.ts";
import type { PhaseName } from "./state.ts";

/**
 * Theory of operation. A turn is in one phase. An input is legal in a phase when this table has the pair, and then it
 * leads to one of the phases named; everything else is reported and leaves the state as it was (T3). A test reaches every
 * phase that is named here and no other (T5), and the diagram in docs/turn-machine.md is drawn from this table.
 *
 * Within a legal pair an input can still be stale: it settles an effect that is not outstanding. It is reported too.
 */
export interface Transition {
  readonly from: PhaseName;
  readonly input: InputName;
  readonly to: readonly PhaseName[];
}

/** Where a turn may go when the protocol decides what comes next, without an answer to act on. */
const NEXT = [
  "syncing_environment",
  "calling_model",
  "executing_code",
  "at_checkpoint",
  "waiting",
  "finished",
] as const satisfies readonly PhaseName[];

const WORKING = [
  "syncing_environment",
  "calling_model",
  "running_tools",
  "executing_code",
  "at_checkpoint",
] as const satisfies readonly PhaseName[];

export const TRANSITIONS: readonly Transition[] = [
  // The tools are fresh when a turn begins: there is nothing to sync yet.
  {
    from: "preparing",
    input: "begin",
    to: ["calling_model", "executing_code", "at_checkpoint", "waiting", "finished"],
  },
  { from: "syncing_environment", input: "settled:sync_environment", to: ["calling_model", "finished"] },
  { from: "calling_model", input: "settled:model_call", to: [...NEXT, "running_tools"] },
  { from: "running_tools", input: "settled:tool_call", to: [...NEXT, "running_tools"] },
  // Something else of the answer still runs, else it would be waiting.
  { from: "running_tools", input: "settled:await_event", to: ["running_tools", "finished"] },
  { from: "waiting", input: "settled:await_event", to: [...NEXT, "running_tools"] },
  { from: "executing_code", input: "settled:exec_code", to: NEXT },
  { from: "at_checkpoint", input: "settled:checkpoint", to: NEXT },

  // What is aborted settles later. Only waits are let go at once, and then nothing is left.
  ...WORKING.map((from): Transition => ({ from, input: "cancel_requested", to: [from] })),
  { from: "waiting", input: "cancel_requested", to: ["finished"] },
  // A cancel of a turn that is not committed yet still wins (D18).
  { from: "finished", input: "cancel_requested", to: ["finished"] },

  // The end of the wall time aborts; after the grace comes the last answer, and after that the end. A waiting turn has no timer (T9).
  {
    from: "syncing_environment",
    input: "timer_fired",
    to: ["syncing_environment", "calling_model", "finished"],
  },
  { from: "calling_model", input: "timer_fired", to: ["calling_model", "finished"] },
  { from: "running_tools", input: "timer_fired", to: ["running_tools", "calling_model", "finished"] },
  { from: "executing_code", input: "timer_fired", to: ["executing_code", "calling_model", "finished"] },
  { from: "at_checkpoint", input: "timer_fired", to: ["at_checkpoint", "finished"] },

  ...[...WORKING, "waiting" as const].map(
    (from): Transition => ({ from, input: "give_up", to: ["finished"] }),
  ),
];

const LEGAL = new Map<PhaseName, Map<InputName, Transition>>();
for (const transition of TRANSITIONS) {
  const ofPhase = LEGAL.get(transition.from) ?? new Map<InputName, Transition>();
  LEGAL.set(transition.from, ofPhase.set(transition.input, transition));
}

export function legalTransition(from: PhaseName, input: InputName): Transition | undefined {
  return LEGAL.get(from)?.get(input);
}
