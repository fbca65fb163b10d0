import type { WireEvent, WireTurn, WireTurnResult } from "@pawl/http";
import { describe, expect, it } from "vitest";
import { createStyle } from "../../src/output/style.ts";
import { createTextOutput } from "../../src/output/text-output.ts";
import type { TurnOutput } from "../../src/output/turn-output.ts";
import { whatHelps } from "../../src/output/what-helps.ts";

const common = { id: "1.0", turn_id: "turn_1", at: 1 };
const usage = {
  model_calls: 1,
  input_tokens: 1_234,
  output_tokens: 5,
  reasoning_tokens: 0,
  cached_input_tokens: 0,
};
const answered = (text: string, streamed: boolean, calls: string[] = []): WireEvent => ({
  ...common,
  type: "model.answered",
  effect_id: "1.model_call.0",
  text,
  tool_calls: calls.map((name) => ({ call_id: name, name, input: { a: 1 } })),
  terminal_reason: "stop",
  model: "openai/gpt-x",
  usage,
  streamed,
});
const delta = (text: string): WireEvent => ({
  ...common,
  type: "text.delta",
  effect_id: "e",
  attempt: 0,
  text,
});
const reset: WireEvent = { ...common, type: "text.reset", effect_id: "e", attempt: 1 };
const completed: WireTurnResult = {
  status: "completed",
  turn_id: "turn_1",
  session_id: "s1",
  text: "done",
  usage,
  receipt: { revision: 1, digest: "d" },
};

function shown(play: (output: TurnOutput) => void): string {
  const pieces: string[] = [];
  const progress = { set: () => undefined, clear: () => undefined };
  const write = (piece: string) => void pieces.push(piece);
  const helps = (turn: WireTurn) => whatHelps(turn).map((command) => `pawl ${command}`);
  play(createTextOutput({ write, progress, style: createStyle(false), helps }));
  return pieces.join("");
}

describe("a turn, for people", () => {
  it("shows what agents that work for it do, under their name, and not what they say", () => {
    const path = [{ agent: "scout", call_id: "c1", session_id: "sub_1", turn_id: "turn_2" }];
    const text = shown((output) => {
      output.event(delta("I ask "));
      output.event({ ...delta("secret thoughts"), path });
      output.event({ ...answered("secret thoughts", false, ["look"]), path });
      output.event(delta("somebody."));
      output.event(answered("I ask somebody.", true));
    });
    expect(text).toBe('I ask \n  [scout] → look {"a":1}\nsomebody.');
  });

  it("shows streamed text once, and each call and result on a line of its own", () => {
    const result: WireEvent = {
      ...common,
      type: "tool.finished",
      effect_id: "e",
      name: "look",
      result: { status: "ok", output: { found: [1] } },
    };
    const text = shown((output) => {
      for (const event of [
        delta("Let me "),
        delta("look."),
        answered("Let me look.", true, ["look"]),
        result,
      ]) {
        output.event(event);
      }
      output.event(answered("Found it.", false));
      output.finished({ result: completed, usage, tookMs: 1_234 });
    });
    expect(text).toBe(
      'Let me look.\n→ look {"a":1}\n✓ look: {"found":[1]}\nFound it.\n' +
        "— completed in 1.2 s · 1 answer by openai/gpt-x · 1,234 tokens in, 5 out · session s1 · turn turn_1\n",
    );
  });

  it("says that text which was cut off is void, and only where there was some", () => {
    expect(
      shown((output) => [delta("Hal"), reset, delta("Hello"), answered("Hello", true)].forEach(output.event)),
    ).toBe("Hal\n… the answer was cut off and begins again:\nHello");
    expect(shown((output) => output.event(reset))).toBe("The model is asked again.\n");
  });

  it("tells a call that was approved from one that is made again after a crash", () => {
    const started = (attempt: number): WireEvent => ({
      ...common,
      type: "tool.started",
      effect_id: `1.tool_call.0/${attempt}.attempt`,
      attempt,
    });
    const decided: WireEvent = {
      ...common,
      type: "wait.settled",
      effect_id: "1.tool_call.0/0.wait",
      resolution: "ok",
      decision: "approved",
    };
    expect(shown((output) => [decided, started(1)].forEach(output.event))).toBe("");
    expect(shown((output) => [decided, started(1), started(2)].forEach(output.event))).toBe(
      "↻ a tool is called again after a crash, attempt 3\n",
    );
    expect(shown((output) => output.event(started(1)))).toContain("attempt 2");
  });

  it("lets nothing that others wrote steer the terminal", () => {
    const evil = "a\u001b[2Jb\u0007c\u202ed\r\ne";
    const text = shown((output) => {
      output.event(delta(evil));
      output.event(answered(evil, true, [evil]));
      const result = { status: "error" as const, code: "x", message: evil };
      output.event({ ...common, type: "tool.finished", effect_id: "e", name: evil, result });
      output.finished({ result: { ...completed, session_id: evil }, usage, tookMs: 1 });
    });
    expect(text).toContain("a[2Jbcd\ne");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f\u202e]/);
  });

  it("bounds what a tool sent", () => {
    const output = "x".repeat(50_000);
    const event: WireEvent = {
      ...common,
      type: "tool.finished",
      effect_id: "e",
      name: "n",
      result: { status: "ok", output },
    };
    const text = shown((out) => out.event(event));
    expect(text.length).toBeLessThan(1_200);
    expect(text).toContain("49000 more characters; --json shows all");
  });

  it("says what a turn waits for and what helps", () => {
    const reason = {
      type: "did_it_happen" as const,
      call_id: "c",
      tool: "refund",
      input: { cents: 5 },
      attempt: 0,
    };
    const result: WireTurnResult = {
      status: "waiting",
      turn_id: "turn_1",
      session_id: "s1",
      waits: [{ id: "w", reason }],
    };
    const explanation = {
      turn_id: "turn_1",
      state: "waiting" as const,
      why: "It waits.",
      advice: "Answer it.",
      result,
    };
    const text = shown((output) => output.finished({ result, usage, explanation, tookMs: 1 }));
    expect(text).toContain(
      'Waiting: refund {"cents":5} was begun and its end is not known: did it happen?\nAnswer it.\n' +
        "  pawl answer w --happened | --not-happened | --abandon\n  pawl cancel turn_1\n",
    );
    const left = { ...result, waits: [{ id: "w", reason: { ...reason, left: 2 } }] };
    expect(shown((output) => output.finished({ result: left, usage, explanation, tookMs: 1 }))).toContain(
      "did it happen? If so, what it left in the outbox goes out (2).",
    );
    const budget = {
      ...result,
      waits: [{ id: "w", reason: { type: "budget" as const, limit: "tokens" as const } }],
    };
    expect(whatHelps({ ...explanation, result: budget })).toEqual([
      "grant turn_1 --tokens 100000",
      "cancel turn_1",
    ]);
    // It is the turn before it that is short of tokens.
    const behind = { ...budget, waits: budget.waits.map((wait) => ({ ...wait, behind: "turn_0" })) };
    expect(whatHelps({ ...explanation, state: "queued", result: behind })).toEqual([
      "grant turn_0 --tokens 100000",
      "cancel turn_1",
    ]);
  });

  it("says how a paused session goes on", () => {
    const ids = { turn_id: "turn_1", session_id: "s1" };
    const result = { status: "blocked" as const, ...ids, code: "session_paused", message: "It is paused." };
    expect(whatHelps({ turn_id: "turn_1", state: "queued", why: "It is paused.", result })).toEqual([
      "session resume s1",
      "cancel turn_1",
    ]);
  });
});
