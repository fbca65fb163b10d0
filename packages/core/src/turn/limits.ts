import type { Usage } from "../conversation/usage.ts";

/**
 * The bounds of one turn. Reaching one ends the turn in a last answer without tools (or, for tokens and money with
 * `onBudget: "wait"`, in a wait for a signed top-up), never in an exception.
 */
export interface TurnLimits {
  /** Model calls that may use tools. */
  readonly maxIterations: number;
  /** Answers in a row that bring nothing: empty, or all of whose tool calls fail. */
  readonly maxNoProgress: number;
  /** Time spent working, in milliseconds; time spent parked does not count (D6). */
  readonly maxWallMs: number;
  /** Input and output tokens of all model calls. */
  readonly maxTokens?: number;
  /** Integer nano US dollars. */
  readonly maxCostNanoUsd?: number;
  readonly onBudget: "last_answer" | "wait";
  /** Calls that may be handed to other agents; `DEFAULT_MAX_CHILDREN` when absent. */
  readonly maxChildren?: number;
  /** How far below the first turn agents may hand work on; `DEFAULT_MAX_DEPTH` when absent. */
  readonly maxDepth?: number;
}

export const DEFAULT_MAX_CHILDREN = 16;
export const DEFAULT_MAX_DEPTH = 3;

/** Explicit, so that nobody runs without bounds by forgetting them: an hour of work, 50 iterations. */
export const DEFAULT_LIMITS: TurnLimits = {
  maxIterations: 50,
  maxNoProgress: 3,
  maxWallMs: 60 * 60 * 1000,
  onBudget: "last_answer",
};

/** How long the last answer itself may take, in milliseconds, once a limit was reached. */
export const LAST_ANSWER_MS = 2 * 60 * 1000;

export type LimitName = "iterations" | "no_progress" | "wall_time" | "tokens" | "cost";

export interface LimitFacts {
  readonly iteration: number;
  readonly noProgress: number;
  readonly usage: Usage;
  /** What people added by top-ups. */
  readonly granted: { readonly tokens: number; readonly costNanoUsd: number };
}

/** The first limit that forbids another iteration, or undefined. Wall time is a timer and not looked at here. */
export function limitReached(limits: TurnLimits, facts: LimitFacts): LimitName | undefined {
  if (facts.iteration >= limits.maxIterations) return "iterations";
  if (facts.noProgress >= limits.maxNoProgress) return "no_progress";
  const tokens = facts.usage.inputTokens + facts.usage.outputTokens;
  if (limits.maxTokens !== undefined && tokens >= limits.maxTokens + facts.granted.tokens) return "tokens";
  const cost = facts.usage.costNanoUsd ?? 0;
  if (limits.maxCostNanoUsd !== undefined && cost >= limits.maxCostNanoUsd + facts.granted.costNanoUsd) {
    return "cost";
  }
  return undefined;
}

const SENTENCES: Record<LimitName, string> = {
  iterations: "The limit of steps for this turn is reached.",
  no_progress: "The last steps brought no progress.",
  wall_time: "The time for this turn is over.",
  tokens: "The token budget of this turn is spent.",
  cost: "The money for this turn is spent.",
};

/** What the model is told when its answer is the last. */
export function lastAnswerNote(limit: LimitName): string {
  return `${SENTENCES[limit]} Answer now with what you have; tools are not available any more.`;
}
