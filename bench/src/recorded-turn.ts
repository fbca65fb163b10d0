import {
  callId,
  DEFAULT_LIMITS,
  type EffectOutcome,
  initialState,
  inputId,
  type LogRow,
  type MachineEffect,
  NO_USAGE,
  sessionId,
  standard,
  step,
  type TurnInput,
  type TurnMachine,
  turnId,
} from "@pawl/core";

export const machine: TurnMachine = {
  config: {
    version: 1,
    protocol: "standard",
    agent: { name: "clerk" },
    tools: [{ name: "add", description: "Adds", inputSchema: {}, onCrash: "retry" }],
    limits: { ...DEFAULT_LIMITS, maxIterations: 1_000_000 },
    refreshTools: "turn",
  },
  protocol: standard(),
};

export interface RecordedTurnOptions {
  /** Answers of the model that call the tool, before the one that ends the turn. */
  readonly iterations: number;
  /** Messages of the session before the turn; default 0. */
  readonly history?: number;
}

/** Everything that happens to the machine in a turn, in order. The machine itself is asked what to perform. */
export function recordTurn({ iterations, history = 0 }: RecordedTurnOptions): readonly TurnInput[] {
  const inputs: TurnInput[] = [];
  const pending: MachineEffect[] = [];
  let state = initialState();
  let answers = 0;

  const feed = (input: TurnInput) => {
    const result = step(machine, state, input);
    if (result.report !== undefined) throw new Error(result.report.message);
    inputs.push(input);
    pending.push(...result.effects);
    state = result.state;
  };
  const answer = (): EffectOutcome => {
    answers += 1;
    const call = { type: "tool_call", callId: callId(`c${answers}`), name: "add", input: { a: 1 } } as const;
    const parts = answers <= iterations ? [call] : [{ type: "text", text: "done" } as const];
    const given = { parts, terminalReason: "stop", usage: NO_USAGE, model: "m" } as const;
    return { kind: "model_call", textStreamed: false, result: { ok: true, answer: given } };
  };
  const outcomeOf = ({ command }: MachineEffect): EffectOutcome => {
    if (command.kind === "model_call") return answer();
    if (command.kind === "checkpoint") return { kind: "checkpoint", inputs: [] };
    if (command.kind !== "tool_call") throw new Error(`The turn asks for ${command.kind}.`);
    return { kind: "tool_call", launch: { status: "done", result: { status: "ok", output: 1 } } };
  };

  feed({
    type: "begin",
    now: 0,
    sessionId: sessionId("s"),
    turnId: turnId("t"),
    inputs: [{ inputId: inputId("i"), parts: [{ type: "text", text: "x" }] }],
    base: { revision: 0, messages: history },
  });
  while (state.phase.name !== "finished") {
    const effect = pending.shift();
    if (effect === undefined) throw new Error(`The turn waits for nothing in phase ${state.phase.name}.`);
    feed({ type: "effect_settled", now: 1, effectId: effect.id, outcome: outcomeOf(effect) });
  }
  return inputs;
}

/** The rows of a log that hold these inputs. */
export function rowsOf(inputs: readonly TurnInput[]): readonly LogRow[] {
  return inputs.map((input, ordinal) => ({
    seq: ordinal + 1,
    turnId: turnId("t"),
    ordinal,
    at: 0,
    body: { kind: "machine_input", input },
  }));
}

/** Runs a recorded turn through the machine. @returns how many transitions that were */
export function stepThrough(inputs: readonly TurnInput[]): number {
  let state = initialState();
  for (const input of inputs) state = step(machine, state, input).state;
  return inputs.length;
}
