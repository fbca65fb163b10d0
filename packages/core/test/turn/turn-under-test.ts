import {
  type AnswerPart,
  type CancelEvidence,
  callId,
  type EffectCommand,
  type EffectId,
  type EffectKind,
  type EffectOutcome,
  effectId,
  initialState,
  inputId,
  inputName,
  type Json,
  type LeftMessage,
  type MachineEffect,
  type MachineEvent,
  type Message,
  type ModelAnswer,
  type ModelFailure,
  NO_USAGE,
  outstandingEffects,
  type Resolution,
  type SteeredInput,
  type StepResult,
  standard,
  type TimerName,
  type ToolCallPart,
  type ToolDefinition,
  type ToolLaunch,
  type ToolOutcome,
  type TurnConfig,
  type TurnInput,
  type TurnLimits,
  type TurnMachine,
  type TurnOutcome,
  type TurnProtocol,
  type TurnState,
  type Usage,
} from "../../src/index.ts";
import { checkedStep, Witness } from "./invariants.ts";

export const T0 = 1_700_000_000_000;

export const EVIDENCE: CancelEvidence = { requestId: "r1", requestedAt: T0, origin: "test" };

export function toolNamed(name: string): ToolDefinition {
  return { name, description: name, inputSchema: { type: "object" }, onCrash: "ask" };
}

export function configOf(
  limits: Partial<TurnLimits> = {},
  over: Partial<Omit<TurnConfig, "limits">> = {},
): TurnConfig {
  return {
    version: 1,
    protocol: "standard",
    agent: { name: "test" },
    tools: [toolNamed("weather"), toolNamed("refund")],
    refreshTools: "turn",
    limits: { maxIterations: 10, maxNoProgress: 3, maxWallMs: 60_000, onBudget: "last_answer", ...limits },
    ...over,
  };
}

/** A protocol that does what standard does but for the callbacks that are given. */
export function protocolOf(callbacks: Partial<TurnProtocol>): TurnProtocol {
  return { ...standard(), name: "test", ...callbacks };
}

export const text = (said: string): AnswerPart => ({ type: "text", text: said });
export const call = (id: string, name = "weather", input: Json = {}): ToolCallPart => ({
  type: "tool_call",
  callId: id as ToolCallPart["callId"],
  name,
  input,
});
export const ok = (output: Json): ToolOutcome => ({ status: "ok", output });
export const said = (id: string, content = id): SteeredInput => ({
  inputId: inputId(id),
  parts: [{ type: "text", text: content }],
});
export const usage = (over: Partial<Usage>): Usage => ({ ...NO_USAGE, modelCalls: 1, ...over });

export interface TurnOptions {
  readonly config?: TurnConfig;
  readonly protocol?: TurnProtocol;
}

/** Drives one turn by hand. Every input goes through `checkedStep`, so that each step of each scenario proves T1–T10. */
export class TurnUnderTest {
  readonly machine: TurnMachine;
  state: TurnState = initialState();
  now = T0;
  last: StepResult = { state: this.state, effects: [], aborts: [], events: [] };
  readonly witness = new Witness();
  readonly effects: MachineEffect[] = [];
  readonly events: MachineEvent[] = [];
  /** `from input to` of every input that was applied. */
  readonly arrows: string[] = [];

  constructor(options: TurnOptions = {}) {
    this.machine = { config: options.config ?? configOf(), protocol: options.protocol ?? standard() };
  }

  feed(input: TurnInput): this {
    const from = this.phase;
    this.last = checkedStep(this.machine, this.state, input, this.witness);
    this.state = this.last.state;
    if (!this.last.report) this.arrows.push(`${from} ${inputName(input)} ${this.phase}`);
    this.effects.push(...this.last.effects);
    this.events.push(...this.last.events);
    return this;
  }

  begin(over: { readonly cancel?: CancelEvidence; readonly inputs?: readonly SteeredInput[] } = {}): this {
    return this.feed({
      type: "begin",
      now: this.now,
      sessionId: "s1",
      turnId: "turn_1",
      inputs: over.inputs ?? [said("in_1", "hello")],
      base: { revision: 0, messages: 0 },
      ...(over.cancel && { cancel: over.cancel }),
    });
  }

  settle(id: string, outcome: EffectOutcome): this {
    return this.feed({ type: "effect_settled", now: this.now, effectId: effectId(id), outcome });
  }

  /** The model answers what it was asked last. */
  answer(parts: readonly AnswerPart[], over: Partial<ModelAnswer> = {}): this {
    const calls = parts.some((part) => part.type === "tool_call");
    const answer: ModelAnswer = {
      parts,
      terminalReason: calls ? "tool_use" : "stop",
      usage: usage({ inputTokens: 10, outputTokens: 5 }),
      model: "scripted",
      ...over,
    };
    const result = { ok: true, answer } as const;
    return this.settle(this.only("model_call"), { kind: "model_call", result, textStreamed: false });
  }

  modelFails(failure: Partial<ModelFailure> = {}): this {
    const result = {
      ok: false,
      failure: { message: "no", retryable: false, terminalReason: "provider_error", ...failure },
    } as const;
    return this.settle(this.only("model_call"), { kind: "model_call", result, textStreamed: false });
  }

  launch(id: string, launch: ToolLaunch, outbox?: readonly LeftMessage[]): this {
    return this.settle(this.effectOf(id), { kind: "tool_call", launch, ...(outbox && { outbox }) });
  }

  tool(id: string, result: ToolOutcome): this {
    return this.launch(id, { status: "done", result });
  }

  /** The tool says "later". */
  later(id: string, over: Partial<Extract<ToolLaunch, { status: "pending" }>> = {}): this {
    const wait = { type: "tool_completion", callId: id } as const;
    return this.launch(id, { status: "pending", wait, onTimeout: "tell_model", ...over });
  }

  ambiguous(id: string): this {
    return this.launch(id, { status: "ambiguous", attempt: 0 });
  }

  resolve(id: string, resolution: Resolution): this {
    return this.settle(this.effectOf(id), { kind: "await_event", resolution });
  }

  /** Answers the wait for a budget. */
  grant(resolution: Resolution): this {
    return this.settle(this.only("await_event"), { kind: "await_event", resolution });
  }

  checkpoint(...inputs: readonly SteeredInput[]): this {
    return this.settle(this.only("checkpoint"), { kind: "checkpoint", inputs });
  }

  code(value: Json): this {
    return this.settle(this.only("exec_code"), { kind: "exec_code", result: { ok: true, value } });
  }

  synced(tools?: readonly string[]): this {
    const result = tools
      ? ({ ok: true, environment: { tools: tools.map(toolNamed) } } as const)
      : ({ ok: false, error: { code: "mcp_unavailable", message: "down" } } as const);
    return this.settle(this.only("sync_environment"), { kind: "sync_environment", result });
  }

  cancel(evidence = EVIDENCE): this {
    return this.feed({ type: "cancel_requested", now: this.now, evidence });
  }

  giveUp(): this {
    return this.feed({ type: "give_up", now: this.now, code: "attempts_exhausted", message: "enough" });
  }

  pass(ms: number): this {
    this.now += ms;
    return this;
  }

  /** Lets time pass until the timer is due, and fires it. */
  fire(timer: TimerName): this {
    this.now = Math.max(this.now, this.state.timers[timer] ?? this.now);
    return this.feed({ type: "timer_fired", now: this.now, timer });
  }

  /** The effect that is outstanding for a call. */
  effectOf(id: string): EffectId {
    const { phase } = this.state;
    const slot = "slots" in phase ? phase.slots.find((s) => s.call.callId === callId(id)) : undefined;
    if (slot?.effectId === undefined) throw new Error(`Nothing is outstanding for ${id} in ${phase.name}.`);
    return slot.effectId;
  }

  /** The one outstanding effect, which must be of this kind. */
  only(kind: EffectKind): EffectId {
    const ids = outstandingEffects(this.state);
    const [id] = ids;
    if (ids.length !== 1 || id === undefined || this.command(id).kind !== kind) {
      throw new Error(`Expected one ${kind} to be outstanding, found [${ids}] in ${this.phase}.`);
    }
    return id;
  }

  command(id: string): EffectCommand {
    const effect = this.effects.find((e) => e.id === id);
    if (!effect) throw new Error(`There is no effect ${id}.`);
    return effect.command;
  }

  get phase(): string {
    return this.state.phase.name;
  }

  get outcome(): TurnOutcome {
    if (this.state.phase.name !== "finished") throw new Error(`The turn is ${this.phase}.`);
    return this.state.phase.outcome;
  }

  get ids(): readonly string[] {
    return this.effects.map((effect) => effect.id);
  }

  /** Of the newest message of tool results: call id, status and code or output. */
  get results(): readonly string[] {
    const message = this.state.delta.findLast(
      (m): m is Extract<Message, { role: "tool" }> => m.role === "tool",
    );
    return (message?.parts ?? []).map((part) => {
      const { output } = part;
      const code = typeof output === "object" && output !== null && "code" in output ? output.code : output;
      return `${part.callId} ${part.status} ${JSON.stringify(code)}`;
    });
  }
}

export function turn(options: TurnOptions = {}): TurnUnderTest {
  return new TurnUnderTest(options);
}
