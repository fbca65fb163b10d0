import fc from "fast-check";
import {
  type AnswerPart,
  canonicalJson,
  dueTimer,
  type EffectCommand,
  type EffectId,
  type EffectOutcome,
  type NextAction,
  outstandingEffects,
  type Resolution,
  standard,
  TERMINAL_REASONS,
  type TerminalReason,
  type ToolLaunch,
  type ToolOutcome,
  type TurnAction,
  type TurnInput,
  type TurnProtocol,
  type TurnView,
} from "../../src/index.ts";
import { call, configOf, EVIDENCE, said, TurnUnderTest, text, usage } from "./turn-under-test.ts";

/** One decision of the world around a turn. Numbers pick among what is possible when the decision is taken. */
export type Decision =
  | { readonly do: "settle"; readonly pick: number; readonly with: WorldAnswer; readonly afterMs: number }
  /** Any outcome for any effect there ever was: duplicates, late responses, wrong kinds. */
  | { readonly do: "disturb"; readonly pick: number; readonly with: WorldAnswer; readonly kind: number }
  | { readonly do: "timer"; readonly early: boolean }
  | { readonly do: "cancel" }
  | { readonly do: "give_up" };

/** What model, tools, people and inbox would answer if it is their turn. */
export interface WorldAnswer {
  readonly model: ModelScript;
  readonly launch: ToolLaunch;
  readonly resolution: Resolution;
  readonly steered: number;
  readonly works: boolean;
}

type ModelScript =
  | { readonly fails: TerminalReason; readonly code?: string }
  | { readonly parts: readonly AnswerPart[]; readonly reason: TerminalReason; readonly tokens: number };

const json = fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.parse(JSON.stringify(value)));

const part: fc.Arbitrary<AnswerPart> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("a", "b", "c", "").map((id) => call(id)) },
  { weight: 1, arbitrary: fc.constantFrom("a", "").map((id) => call(id, "nobody")) },
  { weight: 1, arbitrary: fc.constant({ ...call("m"), malformed: true as const }) },
  { weight: 2, arbitrary: fc.constantFrom("", " ", "answer").map(text) },
  { weight: 1, arbitrary: fc.constant<AnswerPart>({ type: "reasoning", text: "hm" }) },
  { weight: 1, arbitrary: json.map((value): AnswerPart => ({ type: "structured", value })) },
);

const model: fc.Arbitrary<ModelScript> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      parts: fc.array(part, { maxLength: 5 }),
      reason: fc.oneof(
        { weight: 9, arbitrary: fc.constantFrom<TerminalReason>("stop", "tool_use") },
        { weight: 1, arbitrary: fc.constantFrom(...TERMINAL_REASONS) },
      ),
      tokens: fc.nat(200),
    }),
  },
  { weight: 1, arbitrary: fc.record({ fails: fc.constantFrom(...TERMINAL_REASONS) }) },
  {
    weight: 1,
    arbitrary: fc.constant<ModelScript>({ fails: "provider_error", code: "budget_exhausted" }),
  },
);

const toolOutcome: fc.Arbitrary<ToolOutcome> = fc.oneof(
  fc.record({ status: fc.constant("ok" as const), output: json }),
  fc.constant<ToolOutcome>({ status: "error", code: "boom", message: "it broke" }),
  fc
    .constantFrom("before_start" as const, "confirmed" as const, "outcome_unknown" as const)
    .map((certainty): ToolOutcome => ({ status: "cancelled", certainty })),
);

const launch: fc.Arbitrary<ToolLaunch> = fc.oneof(
  { weight: 4, arbitrary: toolOutcome.map((result): ToolLaunch => ({ status: "done", result })) },
  {
    weight: 2,
    arbitrary: fc.constantFrom("tell_model" as const, "fail_turn" as const).map(
      (onTimeout): ToolLaunch => ({
        status: "pending",
        wait: { type: "tool_completion", callId: "any" },
        onTimeout,
      }),
    ),
  },
  { weight: 1, arbitrary: fc.constant<ToolLaunch>({ status: "ambiguous", attempt: 0 }) },
  { weight: 1, arbitrary: fc.constant<ToolLaunch>({ status: "not_begun", attempt: 0 }) },
  {
    weight: 1,
    arbitrary: fc.constant<ToolLaunch>({ status: "needs_approval", argumentHash: "a", policyHash: "p" }),
  },
);

const resolution: fc.Arbitrary<Resolution> = fc.oneof(
  fc
    .oneof(
      json,
      fc.constantFrom(
        { happened: true, output: 1 },
        { happened: true },
        { happened: false },
        { tokens: 500 },
        { tokens: 0 },
        { tokens: -1 },
        { costNanoUsd: 7 },
        { decision: "approve" },
        { decision: "edit", input: { city: "Bergen" } },
        { decision: "deny", reason: "no" },
      ),
    )
    .map((payload): Resolution => ({ status: "ok", payload })),
  fc.constant<Resolution>({ status: "err", payload: { code: "denied", message: "no" } }),
  fc.constantFrom<Resolution>({ status: "timeout" }, { status: "cancelled" }),
);

const answer: fc.Arbitrary<WorldAnswer> = fc.record({
  model,
  launch,
  resolution,
  steered: fc.nat(2),
  works: fc.boolean(),
});

const decision: fc.Arbitrary<Decision> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant("settle" as const),
      pick: fc.nat(7),
      with: answer,
      afterMs: fc.constantFrom(0, 1, 5_000, 40_000),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("disturb" as const),
      pick: fc.nat(30),
      with: answer,
      kind: fc.nat(10),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("timer" as const), early: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant<Decision>({ do: "cancel" }) },
  { weight: 1, arbitrary: fc.constant<Decision>({ do: "give_up" }) },
);

/** Everything about one random run. The same script gives the same run. */
export interface RunScript {
  readonly decisions: readonly Decision[];
  /** How the world answers when the decisions are used up. */
  readonly ending: readonly WorldAnswer[];
  readonly limits: {
    readonly maxIterations: number;
    readonly maxNoProgress: number;
    readonly maxTokens: number;
    readonly onBudget: "wait" | "last_answer";
  };
  readonly refreshTools: "turn" | "iteration";
  /** 0 is the standard protocol; else the seed of one that decides at will. */
  readonly protocol: number;
  readonly cancelledBefore: boolean;
}

export const runScript: fc.Arbitrary<RunScript> = fc.record({
  decisions: fc.array(decision, { maxLength: 40 }),
  ending: fc.array(answer, { minLength: 1, maxLength: 8 }),
  limits: fc.record({
    maxIterations: fc.integer({ min: 1, max: 6 }),
    maxNoProgress: fc.integer({ min: 1, max: 3 }),
    maxTokens: fc.constantFrom(100, 400, 1e9),
    onBudget: fc.constantFrom("wait" as const, "last_answer" as const),
  }),
  refreshTools: fc.constantFrom("turn" as const, "iteration" as const),
  protocol: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat(1e6) }),
  cancelledBefore: fc.boolean(),
});

/** A protocol that decides at will, and the same for the same view: T1 must hold for any. */
function atWill(seed: number): TurnProtocol {
  const decide = <A>(view: TurnView, actions: readonly A[]): A => {
    const { ordinal, delta, usage: used } = view.state;
    const n = (seed + ordinal * 7919 + delta.length * 104729 + used.outputTokens) % 1_000_003;
    return actions[n % actions.length] as A;
  };
  const run = { type: "execute_code", language: "js", code: "1 + 1" } as const;
  const next: readonly NextAction[] = [
    { type: "call_model" },
    run,
    { type: "next_iteration" },
    { type: "next_iteration" },
    { type: "complete", text: "at will" },
    { type: "fail", code: "at_will", message: "at will" },
  ];
  return {
    name: "at_will",
    prepareIteration: (view) => decide(view, [{ type: "call_model" }, run]),
    modelAnswered: (view, { parts }) => {
      const calls = parts.flatMap((p) => (p.type === "tool_call" ? [p] : []));
      const actions: TurnAction[] = [...next, { type: "call_model_again" }, { type: "run_tools", calls }];
      if (calls[0]) {
        actions.push({ ...run, callId: calls[0].callId }, { type: "run_tools", calls: calls.slice(1) });
      }
      return decide(view, actions);
    },
    toolsAnswered: (view) => decide(view, next),
    codeAnswered: (view) => decide(view, next),
  };
}

/** Steps after which a turn whose effects all settle must have finished. */
const BOUND = 400;

/** Plays the script to the end of the turn. @returns the turn and the bytes of everything that it said (T1) */
export function play(script: RunScript): { readonly turn: TurnUnderTest; readonly bytes: string } {
  const { limits, refreshTools, protocol } = script;
  const turn = new TurnUnderTest({
    config: configOf({ ...limits, maxWallMs: 120_000 }, { refreshTools }),
    protocol: protocol === 0 ? standard() : atWill(protocol),
  });
  const lines: string[] = [];
  const feed = (input: TurnInput) => {
    turn.feed(input);
    lines.push(canonicalJson({ input, last: turn.last }));
  };
  let steered = 0;
  const outcomeFor = (command: EffectCommand, world: WorldAnswer): EffectOutcome => {
    switch (command.kind) {
      case "checkpoint": {
        const inputs = Array.from({ length: steered > 6 ? 0 : world.steered }, () =>
          said(`in_s${steered++}`),
        );
        return { kind: "checkpoint", inputs };
      }
      default:
        return outcomeOf(command.kind, world);
    }
  };

  const cancel = script.cancelledBefore && script.decisions.length % 4 === 0;
  turn.begin(cancel ? { cancel: EVIDENCE } : {});
  lines.push(canonicalJson(turn.last));
  for (const decided of script.decisions) {
    const open = outstandingEffects(turn.state);
    switch (decided.do) {
      case "settle": {
        const id = open[decided.pick % Math.max(1, open.length)];
        turn.pass(decided.afterMs);
        if (id !== undefined) feed(settledWith(turn, id, outcomeFor(turn.command(id), decided.with)));
        break;
      }
      case "disturb": {
        const id = turn.effects[decided.pick % Math.max(1, turn.effects.length)]?.id;
        const kinds = Object.keys(KINDS) as (keyof typeof KINDS)[];
        const kind = kinds[decided.kind % kinds.length] as keyof typeof KINDS;
        const mayApply = id !== undefined && open.includes(id) && turn.command(id).kind === kind;
        if (id !== undefined && !mayApply) {
          const before = turn.state;
          feed(settledWith(turn, id, outcomeOf(kind, decided.with)));
          if (turn.state !== before || !turn.last.report) throw new Error("T3: a stale outcome was applied");
        }
        break;
      }
      case "timer":
        fireNext(turn, feed, decided.early);
        break;
      case "cancel":
        feed({ type: "cancel_requested", now: turn.now, evidence: EVIDENCE });
        break;
      case "give_up":
        feed({ type: "give_up", now: turn.now, code: "attempts_exhausted", message: "enough" });
    }
  }
  // From here on everything settles, and time passes: the turn must end.
  for (let n = 0; turn.phase !== "finished"; n++) {
    if (n > BOUND) throw new Error(`The turn is still ${turn.phase} after ${BOUND} steps.`);
    turn.pass(1_000);
    const due = dueTimer(turn.state.timers, turn.now);
    if (due) {
      feed({ type: "timer_fired", now: turn.now, timer: due });
      continue;
    }
    const open = outstandingEffects(turn.state);
    const id = open[n % open.length];
    if (id === undefined) throw new Error(`Liveness: the turn is ${turn.phase} and waits for nothing.`);
    const world = script.ending[n % script.ending.length] as WorldAnswer;
    feed(settledWith(turn, id, outcomeFor(turn.command(id), n > 100 ? settled(world) : world)));
  }
  return { turn, bytes: lines.join("\n") };
}

/** A world that stops answering "again": people who always say "it did not happen" keep a turn alive, and may. */
function settled(world: WorldAnswer): WorldAnswer {
  return { ...world, resolution: { status: "timeout" } };
}

function settledWith(turn: TurnUnderTest, effectId: EffectId, outcome: EffectOutcome): TurnInput {
  return { type: "effect_settled", now: turn.now, effectId, outcome };
}

function fireNext(turn: TurnUnderTest, feed: (input: TurnInput) => void, early: boolean): void {
  const { wakeAt } = turn.last.report ? {} : turn.last;
  const [timer, at] = Object.entries(turn.state.timers).sort((a, b) => a[1] - b[1])[0] ?? [];
  if (timer === undefined || at === undefined) return;
  if (wakeAt !== undefined && wakeAt !== at) throw new Error("wakeAt is not the next deadline");
  if (!early) turn.now = Math.max(turn.now, at);
  const before = turn.state;
  feed({ type: "timer_fired", now: turn.now, timer: timer as "wall_time" });
  if (turn.now < at && turn.state !== before) throw new Error("T3: a timer fired before it was due");
}

/** Outcomes by kind; the kinds that the machine never asks for are there to disturb it. */
const KINDS = {
  model_call: 0,
  tool_call: 0,
  await_event: 0,
  exec_code: 0,
  sync_environment: 0,
  checkpoint: 0,
  sleep: 0,
  process: 0,
  durable_step: 0,
  peek_await_event: 0,
  direct_model_call: 0,
} as const;

function outcomeOf(kind: keyof typeof KINDS, world: WorldAnswer): EffectOutcome {
  const result = world.works
    ? ({ ok: true, value: 1 } as const)
    : ({ ok: false, error: { code: "down", message: "down" } } as const);
  switch (kind) {
    case "model_call":
      return { kind, result: modelResult(world.model), textStreamed: world.works };
    case "direct_model_call":
      return { kind, result: modelResult(world.model) };
    case "tool_call":
      return { kind, launch: world.launch };
    case "await_event":
      return { kind, resolution: world.resolution };
    case "exec_code":
    case "process":
      return { kind, result };
    case "sync_environment":
      return world.works
        ? { kind, result: { ok: true, environment: { tools: configOf().tools.slice(0, world.steered) } } }
        : { kind, result: { ok: false, error: { code: "down", message: "down" } } };
    case "checkpoint":
      return { kind, inputs: [] };
    case "sleep":
      return { kind };
    case "durable_step":
      return { kind, value: 1 };
    case "peek_await_event":
      return { kind, resolution: null };
  }
}

function modelResult(script: ModelScript) {
  if ("fails" in script) {
    const { fails: terminalReason, code } = script;
    const failure = { message: "no", retryable: false, terminalReason, ...(code !== undefined && { code }) };
    return { ok: false, failure } as const;
  }
  const { parts, reason, tokens } = script;
  const used = usage({ inputTokens: tokens, outputTokens: tokens % 17 });
  return { ok: true, answer: { parts, terminalReason: reason, usage: used, model: "m" } } as const;
}
