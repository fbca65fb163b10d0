// Time and chance

// Doubles
export { type DeathPoint, type DyingStore, dyingStore } from "./dying-store.ts";
export { type ManualClock, type ManualClockOptions, manualClock } from "./manual-clock.ts";
export {
  type JournaledEffect,
  type MemoryEffectJournal,
  memoryEffectJournal,
} from "./memory-effect-journal.ts";
export { type LoggedLine, type LogLevel, type RecordingLogger, recordingLogger } from "./recording-logger.ts";
export {
  type ScriptedAnswer,
  type ScriptedFailure,
  type ScriptedModel,
  type ScriptedToolCall,
  type ScriptedTurn,
  scriptedModel,
} from "./scripted-model.ts";
export { seededRandom } from "./seeded-random.ts";
export { answeringExecutor, type TestingExecutor, testingExecutor } from "./testing-executor.ts";
