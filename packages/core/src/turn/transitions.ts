import type { InputName } from "./input.ts";
import type { PhaseName } from "./state.ts";

/**
 * Theory of operation. A turn is in one phase. An input is legal in a phase when this table has the pair, and then it
 * leads to one of the phases named; everything else is reported and leaves the state as it was (T3). The diagram in the docs
 * is drawn from this table.
 *
 * Within a legal pair an input can still be stale: it settles an effect that is not outstanding. It is reported too.
 */
export interface Transition {
  readonly from: PhaseName;
  readonly input: InputName;
  readonly to: readonly PhaseName[];
}

const STOPPABLE = [
  "syncing_environment",
  "calling_model",
  "running_tools",
  "executing_code",
  "at_checkpoint",
  "waiting",
] as const;

/** Where an iteration may go from a point at which the protocol decides. */
const DECISIONS: readonly PhaseName[] = [
  "syncing_environment",
  "calling_model",
  "running_tools",
  "executing_code",
  "at_checkpoint",
  "waiting",
  "finished",
];

export const TRANSITIONS: readonly Transition[] = [
  {
    from: "preparing",
    input: "begin",
    to: ["syncing_environment", "calling_model", "executing_code", "waiting", "finished"],
  },
  { from: "syncing_environment", input: "settled:sync_environment", to: ["calling_model", "finished"] },
  { from: "calling_model", input: "settled:model_call", to: DECISIONS },
  { from: "running_tools", input: "settled:tool_call", to: DECISIONS },
  { from: "running_tools", input: "settled:await_event", to: DECISIONS },
  { from: "waiting", input: "settled:await_event", to: DECISIONS },
  { from: "executing_code", input: "settled:exec_code", to: DECISIONS },
  { from: "at_checkpoint", input: "settled:checkpoint", to: DECISIONS },
  // The abort of a stopped effect settles it later; a cancel of a turn that is not committed yet still wins (D18).
  ...STOPPABLE.map((from): Transition => ({ from, input: "cancel_requested", to: [from, "finished"] })),
  { from: "finished", input: "cancel_requested", to: ["finished"] },
  ...STOPPABLE.map((from): Transition => ({ from, input: "give_up", to: ["finished"] })),
  ...STOPPABLE.map((from): Transition => ({ from, input: "timer_fired", to: [from, "finished"] })),
];

const LEGAL: ReadonlyMap<string, Transition> = new Map(TRANSITIONS.map((t) => [`${t.from} ${t.input}`, t]));

export function legalTransition(from: PhaseName, input: InputName): Transition | undefined {
  return LEGAL.get(`${from} ${input}`);
}
