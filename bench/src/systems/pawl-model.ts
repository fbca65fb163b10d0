import { type AnswerPart, callId, type Json, type Message, type ModelResult, NO_USAGE } from "@pawl/core";
import type { Model } from "@pawl/core/ports";
import { performStep } from "./step-file.ts";

/** Names of models that do something else than to call the tool `work` so many times. */
export const CHAT = "chat";
export const WAITER = "waiter";
export const FILED = "filed";
export const WORKFLOW = "workflow";

export interface BenchModelOptions {
  /** The model took a step. */
  step(): void;
  /** A turn goes on after its event. */
  wentOn(eventOf: string): void;
}

/**
 * A model that answers at once. By its name: `chat` says what it was told, `waiter` calls `wait` once, `workflow` calls `chain` once
 * for as many steps as its input says, `filed` calls `work` as often as its input says (`CALLS FILE`) and leaves each step in that file,
 * and a number calls `work` as many times.
 */
export function benchModel({ step, wentOn }: BenchModelOptions): (name: string | undefined) => Model {
  return (name = "0") => ({
    // The name that it was asked for by: a turn that goes on asks for it again.
    id: name,
    async call({ messages }) {
      const said = textOf(messages.findLast(({ role }) => role === "user"));
      if (name === CHAT) return answer(said);
      const answered = messages.filter(({ role }) => role === "assistant").length;
      if (name === WORKFLOW) {
        return answered === 0 ? call("chain", 0, { steps: Number(said) }) : answer("Done.");
      }
      if (name === WAITER) {
        if (answered === 0) return call("wait", 0, {});
        wentOn(said);
        return answer("Done.");
      }
      if (name === FILED) {
        const [calls = "0", file = ""] = said.split(" ");
        if (answered >= Number(calls)) return answer("Done.");
        await performStep(file, 2 * answered);
        return call("work", answered, { step: 2 * answered + 1, file });
      }
      step();
      return answered < Number(name) ? call("work", answered, {}) : answer("Done.");
    },
  });
}

function textOf(message: Message | undefined): string {
  const part = message?.parts[0];
  return part?.type === "text" ? part.text : "";
}

function answer(text: string): ModelResult {
  return result({ type: "text", text }, "stop");
}

function call(name: string, n: number, input: Json): ModelResult {
  return result({ type: "tool_call", callId: callId(`c${n}`), name, input }, "tool_use");
}

function result(part: AnswerPart, terminalReason: "stop" | "tool_use"): ModelResult {
  return { ok: true, answer: { parts: [part], terminalReason, usage: NO_USAGE, model: "bench/model" } };
}
