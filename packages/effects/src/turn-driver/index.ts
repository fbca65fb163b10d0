// Driving
export { type AgentEnvironmentOptions, agentEnvironment } from "./agent-environment.ts";
export {
  createTurnDriver,
  type DriveOptions,
  type TurnDriver,
  type TurnDriverOptions,
} from "./create-turn-driver.ts";
export type { EnvironmentOptions, ForkRequest, PreparedTurn, TurnEnvironment } from "./environment.ts";
export { type FoldedTurn, foldTurn } from "./fold-turn.ts";
// Looking back
export { type ForkOptions, type ForkPlan, planFork } from "./fork-turn.ts";
export { MAX_RESULT_BYTES, type TruncatedResult } from "./large-results.ts";
export { type ReplayReport, replayTurn } from "./replay-turn.ts";
export { loadTurnRecord, redactTurnRecord, type TurnRecord } from "./turn-record.ts";
