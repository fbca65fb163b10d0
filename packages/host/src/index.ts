export { createHost } from "./create-host.ts";
export type {
  EventOptions,
  ForkTurnOptions,
  Host,
  HostOptions,
  OpenWait,
  SendOptions,
  Session,
  Turn,
  TurnExplanation,
  TurnResult,
} from "./host.ts";
export type { PendingWait, WaitAnswer, Waits } from "./waits.ts";
