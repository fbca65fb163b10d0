import {
  type AnswerPart,
  canonicalJson,
  type EffectOutcome,
  effectId,
  eventsOfRow,
  initialState,
  inputId,
  loadJsonDigest,
  mintReceipt,
  NO_USAGE,
  outstandingEffects,
  sessionId,
  standard,
  step,
  type TurnConfig,
  type TurnInput,
  turnIdOfInput,
  verifyReceipt,
} from "@pawl/core";
import { stopTime } from "./stop-time.ts";

const NOW = 1_763_715_600_000;
const CONFIG: TurnConfig = {
  version: 1,
  protocol: "standard",
  agent: { name: "clerk" },
  tools: [{ name: "weather", description: "The weather now", inputSchema: {}, onCrash: "retry" }],
  refreshTools: "turn",
  limits: { maxIterations: 5, maxNoProgress: 3, maxWallMs: 60_000, onBudget: "last_answer" },
};
const call = { type: "tool_call", callId: "c1" as never, name: "weather", input: { city: "Oslo" } } as const;

/** What the world says, in order: a call, "later", the resolution, no steering, the answer, no steering. */
const OUTCOMES: readonly EffectOutcome[] = [
  answered([{ type: "text", text: "Grüße 😀" }, call]),
  {
    kind: "tool_call",
    launch: {
      status: "pending",
      wait: { type: "tool_completion", callId: "c1" },
      onTimeout: "tell_model",
    },
  },
  { kind: "await_event", resolution: { status: "ok", payload: { celsius: 0.1 + 0.2 } } },
  { kind: "checkpoint", inputs: [] },
  answered([{ type: "text", text: "Cold." }]),
  { kind: "checkpoint", inputs: [] },
];

function answered(parts: readonly AnswerPart[]): EffectOutcome {
  const answer = { parts, terminalReason: "stop", usage: NO_USAGE, model: "m" } as const;
  return { kind: "model_call", result: { ok: true, answer }, textStreamed: false };
}

/** One turn of core from its first input to its receipt. What it returns must be the same on any machine. */
export default async function runCore() {
  const digest = await loadJsonDigest();
  return stopTime(() => {
    const input = inputId("in_1");
    const turn = turnIdOfInput(input);
    const machine = { config: CONFIG, protocol: standard() };
    const bytes: string[] = [];
    const events: string[] = [];
    let state = initialState();
    const feed = (next: TurnInput) => {
      const result = step(machine, state, next);
      bytes.push(canonicalJson(result));
      const body = { kind: "machine_input", input: next, events: result.events } as const;
      const row = { seq: bytes.length, turnId: turn, ordinal: state.ordinal, at: NOW, body };
      events.push(...eventsOfRow(row).map((event) => `${event.id} ${event.type}`));
      state = result.state;
    };
    feed({
      type: "begin",
      now: NOW,
      sessionId: "s1",
      turnId: turn,
      inputs: [{ inputId: input, parts: [{ type: "text", text: "Weather in Oslo?" }] }],
      base: { revision: 0, messages: 0 },
    });
    for (const outcome of OUTCOMES) {
      const [id] = outstandingEffects(state);
      feed({ type: "effect_settled", now: NOW, effectId: id ?? effectId("none"), outcome });
    }
    const { phase } = state;
    const receipt = mintReceipt(
      {
        version: 1,
        sessionId: sessionId("s1"),
        runId: turn,
        boundary: "turn_end",
        sequence: 0,
        inputIds: [input],
        baseRevision: 0,
        revision: 1,
        messageCount: state.delta.length,
        deltaDigest: digest(state.delta),
        outcome: phase.name === "finished" ? phase.outcome : null,
        previous: null,
      },
      [digest("Weather in Oslo?")],
      digest,
    );
    return {
      phase: phase.name,
      steps: bytes.length,
      digest: digest(bytes),
      events,
      receipt: receipt.digest,
      verified: verifyReceipt(receipt, [digest("Weather in Oslo?")], digest),
    };
  });
}
