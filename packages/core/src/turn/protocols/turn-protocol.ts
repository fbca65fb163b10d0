import type { ModelAnswer } from "../../conversation/model.ts";
import type { ToolCallPart, ToolResultPart } from "../../conversation/part.ts";
import type { OutcomeOf } from "../../effects/outcome.ts";
import type { CallId } from "../../ids.ts";
import type { Json } from "../../json.ts";
import type { TurnConfig } from "../config.ts";
import type { TurnState } from "../state.ts";

/** What a protocol may ask the machine to do next. */
export type TurnAction =
  | { readonly type: "call_model" }
  /** The model brought nothing; ask it again within the same iteration, as if it had not answered. */
  | { readonly type: "call_model_again" }
  | { readonly type: "run_tools"; readonly calls: readonly ToolCallPart[] }
  /** The answer does not fit the schema that was asked for; ask once more, and say what was wrong. */
  | { readonly type: "repair_output"; readonly issue: string }
  /** With `callId` the program stands for that call of the answer: its value becomes the call's result. */
  | {
      readonly type: "execute_code";
      readonly language: string;
      readonly code: string;
      readonly callId?: CallId;
    }
  /** Work was done: let queued inputs in, then prepare the next iteration. */
  | { readonly type: "next_iteration" }
  /** The answer is there: let queued inputs in, and finish when there are none. */
  | { readonly type: "complete"; readonly text: string; readonly output?: Json }
  | { readonly type: "fail"; readonly code: string; readonly message: string };

/** What may follow where no answer of the model is to be acted on. */
export type NextAction = Exclude<TurnAction, { type: "call_model_again" | "repair_output" | "run_tools" }>;

export interface TurnView {
  readonly config: TurnConfig;
  readonly state: TurnState;
}

/**
 * How a turn thinks. Each callback is pure and says what comes next; the machine keeps pairing, limits, cancellation and
 * order: calls that a decision leaves unanswered are answered as not run, and after a limit only the last answer follows.
 */
export interface TurnProtocol {
  readonly name: string;
  prepareIteration(view: TurnView): Exclude<NextAction, { type: "next_iteration" }>;
  /** The answer's parts are already in the transcript. */
  modelAnswered(view: TurnView, answer: ModelAnswer): TurnAction;
  /** The results are already in the transcript, in the order of the calls. */
  toolsAnswered(view: TurnView, results: readonly ToolResultPart[]): NextAction;
  /** The value is already in the transcript if the program stood for a call. */
  codeAnswered(view: TurnView, outcome: OutcomeOf<"exec_code">): NextAction;
}
