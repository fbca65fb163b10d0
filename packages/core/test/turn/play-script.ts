import {
  canonicalJson,
  dueTimer,
  type EffectCommand,
  type EffectId,
  type EffectOutcome,
  outstandingEffects,
  standard,
  type TurnInput,
} from "../../src/index.ts";
import { atWill } from "./at-will-protocol.ts";
import type { ModelScript, RunScript, WorldAnswer } from "./random-turn.ts";
import { configOf, EVIDENCE, said, TurnUnderTest, usage } from "./turn-under-test.ts";

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
