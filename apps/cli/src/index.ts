// Defining agents and tools
export { type Agent, agent, isPawlError, PawlError, type Tool, type ToolRun, tool } from "@pawl/core";
// Running them
export {
  backgroundTask,
  createHost,
  type Host,
  type HostOptions,
  type SendOptions,
  type Session,
  type TaskContext,
  type TaskRecord,
  type TaskResult,
  type Tasks,
  type Turn,
  type TurnResult,
} from "@pawl/host";
// pawl.config.ts
export { defineConfig, type PawlConfig } from "@pawl/server/define-config";
export { memoryStore } from "@pawl/store-memory";
