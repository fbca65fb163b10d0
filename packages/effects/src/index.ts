// Controllers
export type {
  EffectContext,
  EffectController,
  EffectExecutor,
  EffectJournal,
  Executors,
  TurnFacts,
} from "./controller/effect-controller.ts";
export { inline } from "./controller/inline.ts";
export { type Guard, type JournaledOptions, journaled } from "./controller/journaled.ts";
export {
  decideReplay,
  differingPaths,
  type RecordedEffect,
  type ReplayDecision,
} from "./controller/replay-decision.ts";
export { backoffMs, MODEL_RETRY, type RetryPolicy } from "./controller/retry-policy.ts";
// Executors
export { type ModelExecutorOptions, modelExecutor, modelRequest } from "./executors/model-executor.ts";
export { sleepExecutor } from "./executors/sleep-executor.ts";
export { joinToolboxes, staticToolbox } from "./executors/static-toolbox.ts";
export { DEFAULT_TOOL_TIMEOUT_MS, toolExecutor } from "./executors/tool-executor.ts";
// Time
export { sleepUntil, systemClock } from "./system-clock.ts";
