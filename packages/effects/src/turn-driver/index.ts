export {
  createTurnDriver,
  type DriveOptions,
  type TurnDriver,
  type TurnDriverOptions,
} from "./create-turn-driver.ts";
export type { EnvironmentOptions, PreparedTurn, TurnEnvironment } from "./environment.ts";
export { type FoldedTurn, foldTurn } from "./fold-turn.ts";
