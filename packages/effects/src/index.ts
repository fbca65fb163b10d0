// Controllers

// Waits
export {
  awaitEventExecutor,
  HOT_WAIT_MS,
  peekAwaitEventExecutor,
} from "./await-events/await-event-executor.ts";
export {
  type AwaitEventKey,
  type AwaitEvents,
  type KeyBinding,
  type ResolveOutcome,
  unsupportedAwaitEvents,
  type WaitOptions,
} from "./await-events/await-events.ts";
export {
  type AwaitEventsOptions,
  createAwaitEvents,
  type PerformedAwaitEvents,
} from "./await-events/create-await-events.ts";
export { formatKey, parseKey } from "./await-events/key-format.ts";
export {
  createKeyring,
  type Keyring,
  MAKE_SECRET_COMMAND,
  MIN_SECRET_BYTES,
  parseKeyring,
  type Secret,
} from "./await-events/keyring.ts";
export type {
  EffectContext,
  EffectController,
  EffectExecutor,
  EffectJournal,
  Executors,
  FailedAttempt,
  Intent,
  TurnFacts,
  TurnSpending,
  Wanted,
} from "./controller/effect-controller.ts";
export { createEffectHost, type EffectHost } from "./controller/effect-host.ts";
export { inline } from "./controller/inline.ts";
export { type Guard, type JournaledOptions, journaled } from "./controller/journaled.ts";
export {
  decideReplay,
  differingPaths,
  type RecordedEffect,
  type ReplayDecision,
} from "./controller/replay-decision.ts";
export { backoffMs, MODEL_RETRY, type RetryPolicy } from "./controller/retry-policy.ts";
export { type ScopedEffectController, scopedController } from "./controller/scoped.ts";
export { type ChildTurnOptions, cancelChild, childTurnExecutor } from "./executors/child-turn-executor.ts";
export {
  type ChildRequest,
  type DelegationOptions,
  delegatingExecutor,
} from "./executors/delegating-executor.ts";
// Executors
export { type DirectModelOptions, directModelExecutor } from "./executors/direct-model-executor.ts";
export { type DurableStep, durableStepExecutor } from "./executors/durable-step-executor.ts";
export { type CodeSandbox, execCodeExecutor } from "./executors/exec-code-executor.ts";
export { type InterruptibleWaitOptions, interruptibleWait } from "./executors/interruptible-wait.ts";
export { type ModelExecutorOptions, modelExecutor, modelRequest } from "./executors/model-executor.ts";
export {
  type ProcessCommandOptions,
  type ProcessCommands,
  processExecutor,
} from "./executors/process-executor.ts";
export { sleepExecutor } from "./executors/sleep-executor.ts";
export { joinToolboxes, staticToolbox } from "./executors/static-toolbox.ts";
export type { FindSchema } from "./executors/structured-answer.ts";
export { syncEnvironmentExecutor } from "./executors/sync-environment-executor.ts";
export {
  DEFAULT_TOOL_TIMEOUT_MS,
  type LateToolOutcome,
  type ToolExecutorOptions,
  toolExecutor,
} from "./executors/tool-executor.ts";
export { unavailableExecutor } from "./executors/unavailable-executor.ts";
export { jsonSchema, jsonSchemaCheck } from "./json-schema.ts";
// Inputs
export { type InputSpec, newInput } from "./new-input.ts";
// Time
export { sleepUntil, systemClock } from "./system-clock.ts";
