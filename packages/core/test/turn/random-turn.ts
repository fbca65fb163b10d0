import fc from "fast-check";
import {
  type AnswerPart,
  type Resolution,
  TERMINAL_REASONS,
  type TerminalReason,
  type ToolLaunch,
  type ToolOutcome,
} from "../../src/index.ts";
import { call, text } from "./turn-under-test.ts";

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

export type ModelScript =
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
