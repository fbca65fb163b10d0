// Commands
export { processUnknown } from "../errors.ts";
export { awaitProcessEnd } from "./await-end.ts";
export { createProcessCommands } from "./commands.ts";
// Bodies
export {
  type AnyProcess,
  type DefinedProcess,
  declareSignals,
  defineProcess,
  type ProcessContext,
  type ProcessSpec,
  type SignalSchemas,
} from "./define-process.ts";
export { createProcessRunner, type ProcessRunner, type ProcessRunnerOptions } from "./process-runner.ts";
// Turns that wait for them
export { type ProcessWaitsOptions, processWaitExecutor } from "./process-waits.ts";
