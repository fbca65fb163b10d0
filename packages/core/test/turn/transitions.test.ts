import { describe, expect, test } from "vitest";
import {
  type EffectKind,
  type EffectOutcome,
  effectId,
  type InputName,
  inputName,
  legalTransition,
  type PhaseName,
  step,
  TRANSITIONS,
  type TurnInput,
} from "../../src/index.ts";
import {
  call,
  configOf,
  EVIDENCE,
  ok,
  protocolOf,
  said,
  T0,
  type TurnUnderTest,
  text,
  turn,
  usage,
} from "./turn-under-test.ts";

const RUN = { type: "execute_code", language: "js", code: "1" } as const;
const CALL_MODEL = { type: "call_model" } as const;
const SPENT = { usage: usage({ inputTokens: 100 }) };
const GRANT = { status: "ok", payload: { tokens: 1_000 } } as const;

const refreshing = () => configOf({}, { refreshTools: "iteration" });
const budgeted = () => configOf({ maxTokens: 50, onBudget: "wait" });
/** Prepares by running a program. */
const coding = () => protocolOf({ prepareIteration: () => RUN });
const calling = (id: string) =>
  turn()
    .begin()
    .answer([call(id)]);
const two = () =>
  turn()
    .begin()
    .answer([call("a"), call("b")]);
const steered = (
  prepared: ReturnType<ReturnType<typeof coding>["prepareIteration"]>,
  config = configOf(),
) => {
  let first = true;
  const prepareIteration = () => {
    // Pure enough for a scenario: what was prepared depends on how often the user has spoken.
    return first ? CALL_MODEL : prepared;
  };
  const t = turn({ config, protocol: protocolOf({ prepareIteration }) })
    .begin()
    .answer([text("done")], SPENT);
  first = false;
  return t;
};
const afterTools = (action: ReturnType<ReturnType<typeof coding>["toolsAnswered"]>, config = configOf()) =>
  turn({ config, protocol: protocolOf({ toolsAnswered: () => action }) })
    .begin()
    .answer([call("a")], SPENT);
const afterCode = (action: ReturnType<ReturnType<typeof coding>["codeAnswered"]>, config = configOf()) =>
  turn({
    config,
    protocol: protocolOf({ modelAnswered: () => RUN, codeAnswered: () => action }),
  })
    .begin()
    .answer([text("code")], SPENT);
const syncing = () =>
  turn({ config: refreshing() })
    .begin()
    .answer([call("a")])
    .tool("a", ok(1))
    .checkpoint();

/** One script per arrow of the table; its last input is the arrow. */
const SCRIPTS: Record<string, () => TurnUnderTest> = {
  "preparing begin calling_model": () => turn().begin(),
  "preparing begin executing_code": () => turn({ protocol: coding() }).begin(),
  "preparing begin at_checkpoint": () =>
    turn({
      protocol: protocolOf({ prepareIteration: () => ({ type: "complete", text: "canned" }) }),
    }).begin(),
  "preparing begin waiting": () => turn({ config: configOf({ maxTokens: 0, onBudget: "wait" }) }).begin(),
  "preparing begin finished": () => turn().begin({ cancel: EVIDENCE }),

  "syncing_environment settled:sync_environment calling_model": () => syncing().synced(["weather"]),
  "syncing_environment settled:sync_environment finished": () => syncing().cancel().synced(),

  "calling_model settled:model_call syncing_environment": () =>
    turn({ config: refreshing(), protocol: protocolOf({ modelAnswered: () => CALL_MODEL }) })
      .begin()
      .answer([text("once more")]),
  "calling_model settled:model_call calling_model": () => turn().begin().answer([]),
  "calling_model settled:model_call running_tools": () => calling("a"),
  "calling_model settled:model_call executing_code": () => afterCode(CALL_MODEL),
  "calling_model settled:model_call at_checkpoint": () =>
    turn()
      .begin()
      .answer([text("hi")]),
  "calling_model settled:model_call waiting": () => turn({ config: budgeted() }).begin().answer([], SPENT),
  "calling_model settled:model_call finished": () => turn().begin().modelFails(),

  "running_tools settled:tool_call syncing_environment": () =>
    afterTools(CALL_MODEL, refreshing()).tool("a", ok(1)),
  "running_tools settled:tool_call calling_model": () => afterTools(CALL_MODEL).tool("a", ok(1)),
  "running_tools settled:tool_call running_tools": () => two().tool("b", ok(1)),
  "running_tools settled:tool_call executing_code": () => afterTools(RUN).tool("a", ok(1)),
  "running_tools settled:tool_call at_checkpoint": () => calling("a").tool("a", ok(1)),
  "running_tools settled:tool_call waiting": () => calling("a").later("a"),
  "running_tools settled:tool_call finished": () =>
    calling("a").cancel().tool("a", { status: "cancelled", certainty: "confirmed" }),

  "running_tools settled:await_event running_tools": () =>
    two().later("a").resolve("a", { status: "ok", payload: 1 }),
  "running_tools settled:await_event finished": () =>
    two().later("a", { onTimeout: "fail_turn" }).resolve("a", { status: "timeout" }),

  "waiting settled:await_event syncing_environment": () =>
    turn({ config: { ...budgeted(), refreshTools: "iteration" } })
      .begin()
      .answer([], SPENT)
      .grant(GRANT),
  "waiting settled:await_event calling_model": () =>
    turn({ config: budgeted() }).begin().answer([], SPENT).grant(GRANT),
  "waiting settled:await_event running_tools": () =>
    calling("a")
      .ambiguous("a")
      .resolve("a", { status: "ok", payload: { happened: false } }),
  "waiting settled:await_event executing_code": () =>
    afterTools(RUN).later("a").resolve("a", { status: "ok", payload: 1 }),
  "waiting settled:await_event at_checkpoint": () =>
    calling("a").later("a").resolve("a", { status: "ok", payload: 1 }),
  "waiting settled:await_event waiting": () =>
    two().later("a").later("b").resolve("b", { status: "ok", payload: 1 }),
  "waiting settled:await_event finished": () =>
    calling("a").later("a", { onTimeout: "fail_turn" }).resolve("a", { status: "timeout" }),

  "executing_code settled:exec_code syncing_environment": () => afterCode(CALL_MODEL, refreshing()).code(1),
  "executing_code settled:exec_code calling_model": () => afterCode(CALL_MODEL).code(1),
  "executing_code settled:exec_code executing_code": () => afterCode(RUN).code(1),
  "executing_code settled:exec_code at_checkpoint": () => afterCode({ type: "next_iteration" }).code(1),
  "executing_code settled:exec_code waiting": () => afterCode(CALL_MODEL, budgeted()).code(1),
  "executing_code settled:exec_code finished": () =>
    afterCode({ type: "fail", code: "no", message: "no" }).code(1),

  "at_checkpoint settled:checkpoint syncing_environment": () =>
    steered(CALL_MODEL, refreshing()).checkpoint(said("in_2")),
  "at_checkpoint settled:checkpoint calling_model": () => steered(CALL_MODEL).checkpoint(said("in_2")),
  "at_checkpoint settled:checkpoint executing_code": () => steered(RUN).checkpoint(said("in_2")),
  "at_checkpoint settled:checkpoint at_checkpoint": () =>
    steered({ type: "complete", text: "canned" }).checkpoint(said("in_2")),
  "at_checkpoint settled:checkpoint waiting": () => steered(CALL_MODEL, budgeted()).checkpoint(said("in_2")),
  "at_checkpoint settled:checkpoint finished": () => steered(CALL_MODEL).checkpoint(),

  "syncing_environment cancel_requested syncing_environment": () => syncing().cancel(),
  "calling_model cancel_requested calling_model": () => turn().begin().cancel(),
  "running_tools cancel_requested running_tools": () => calling("a").cancel(),
  "executing_code cancel_requested executing_code": () => turn({ protocol: coding() }).begin().cancel(),
  "at_checkpoint cancel_requested at_checkpoint": () => steered(CALL_MODEL).cancel(),
  "waiting cancel_requested finished": () => calling("a").later("a").cancel(),
  "finished cancel_requested finished": () => steered(CALL_MODEL).checkpoint().cancel(),

  "syncing_environment timer_fired syncing_environment": () => syncing().fire("wall_time"),
  "syncing_environment timer_fired calling_model": () => syncing().fire("wall_time").fire("limit_grace"),
  "syncing_environment timer_fired finished": () => syncing().cancel().fire("cancel_grace"),
  "calling_model timer_fired calling_model": () => turn().begin().fire("wall_time"),
  "calling_model timer_fired finished": () => turn().begin().fire("wall_time").fire("last_answer"),
  "running_tools timer_fired running_tools": () => calling("a").fire("wall_time"),
  "running_tools timer_fired calling_model": () => calling("a").fire("wall_time").fire("limit_grace"),
  "running_tools timer_fired finished": () => calling("a").cancel().fire("cancel_grace"),
  "executing_code timer_fired executing_code": () => turn({ protocol: coding() }).begin().fire("wall_time"),
  "executing_code timer_fired calling_model": () =>
    turn({ protocol: coding() }).begin().fire("wall_time").fire("limit_grace"),
  "executing_code timer_fired finished": () =>
    turn({ protocol: coding() }).begin().cancel().fire("cancel_grace"),
  "at_checkpoint timer_fired at_checkpoint": () => steered(CALL_MODEL).fire("wall_time"),
  "at_checkpoint timer_fired finished": () => steered(CALL_MODEL).fire("wall_time").fire("last_answer"),

  "syncing_environment give_up finished": () => syncing().giveUp(),
  "calling_model give_up finished": () => turn().begin().giveUp(),
  "running_tools give_up finished": () => calling("a").giveUp(),
  "executing_code give_up finished": () => turn({ protocol: coding() }).begin().giveUp(),
  "at_checkpoint give_up finished": () => steered(CALL_MODEL).giveUp(),
  "waiting give_up finished": () => calling("a").later("a").giveUp(),
};

const ARROWS = TRANSITIONS.flatMap(({ from, input, to }) => to.map((phase) => `${from} ${input} ${phase}`));

describe("the table of transitions", () => {
  test("T5: names every pair once", () => {
    const pairs = TRANSITIONS.map(({ from, input }) => `${from} ${input}`);
    expect(new Set(pairs).size).toBe(pairs.length);
    for (const { to } of TRANSITIONS) expect(new Set(to).size).toBe(to.length);
  });

  test("T5: every arrow has a script that reaches it, and no script has another arrow", () => {
    expect(Object.keys(SCRIPTS).sort()).toEqual([...ARROWS].sort());
  });

  test.each(Object.entries(SCRIPTS))("T5: %s", (arrow, script) => {
    const t = script();
    expect(t.last.report).toBeUndefined();
    const [from, input, to] = arrow.split(" ");
    expect(legalTransition(from as PhaseName, input as InputName)?.to).toContain(to);
    expect(t.phase).toBe(to);
    expect(t.arrows.at(-1)).toBe(arrow);
  });
});

const PHASES: Record<PhaseName, () => TurnUnderTest> = {
  preparing: () => turn(),
  syncing_environment: syncing,
  calling_model: () => turn().begin(),
  running_tools: () => calling("a"),
  executing_code: () => turn({ protocol: coding() }).begin(),
  at_checkpoint: () => steered(CALL_MODEL),
  waiting: () => calling("a").later("a"),
  finished: () => steered(CALL_MODEL).checkpoint(),
};

const result = { ok: true, value: 1 } as const;
const answer = { parts: [], terminalReason: "stop", usage: usage({}), model: "m" } as const;
const OUTCOMES: { [Kind in EffectKind]: Extract<EffectOutcome, { kind: Kind }> } = {
  model_call: { kind: "model_call", result: { ok: true, answer }, textStreamed: false },
  direct_model_call: { kind: "direct_model_call", result: { ok: true, answer } },
  tool_call: { kind: "tool_call", launch: { status: "done", result: ok(1) } },
  exec_code: { kind: "exec_code", result },
  checkpoint: { kind: "checkpoint", inputs: [] },
  sync_environment: { kind: "sync_environment", result: { ok: true } },
  sleep: { kind: "sleep" },
  await_event: { kind: "await_event", resolution: { status: "timeout" } },
  peek_await_event: { kind: "peek_await_event", resolution: null },
  process: { kind: "process", result },
  durable_step: { kind: "durable_step", value: 1 },
};

const INPUTS: readonly TurnInput[] = [
  { type: "begin", now: T0, sessionId: "s", turnId: "t", inputs: [], base: { revision: 0, messages: 0 } },
  { type: "timer_fired", now: T0 + 1e12, timer: "wall_time" },
  { type: "cancel_requested", now: T0, evidence: EVIDENCE },
  { type: "give_up", now: T0, code: "c", message: "m" },
  ...Object.values(OUTCOMES).map(
    (outcome): TurnInput => ({
      type: "effect_settled",
      now: T0,
      effectId: effectId("1.model_call.0"),
      outcome,
    }),
  ),
];

describe("T3: an input that is not legal changes nothing", () => {
  const illegal = (Object.keys(PHASES) as PhaseName[]).flatMap((phase) =>
    INPUTS.filter((input) => !legalTransition(phase, inputName(input))).map(
      (input) => [phase, inputName(input), input] as const,
    ),
  );

  test("there are as many as the table leaves", () => {
    expect(illegal.length).toBe(Object.keys(PHASES).length * INPUTS.length - TRANSITIONS.length);
  });

  test.each(illegal)("%s does not take %s", (phase, name, input) => {
    const t = PHASES[phase]();
    const before = t.state;
    const bytes = JSON.stringify(before);
    const report = step(t.machine, t.state, input);
    expect(report).toMatchObject({
      effects: [],
      aborts: [],
      events: [],
      report: { code: "illegal_input", phase, input: name },
    });
    expect(report.report?.message).toContain(name);
    expect(report.state).toBe(before);
    expect(JSON.stringify(before)).toBe(bytes);
  });

  test.each(Object.keys(PHASES) as PhaseName[])(
    "%s does not take an input of a name that nobody knows",
    (phase) => {
      const t = PHASES[phase]().feed({ type: "reboot", now: T0 } as unknown as TurnInput);
      expect(t.last.report?.code).toBe("illegal_input");
    },
  );
});
