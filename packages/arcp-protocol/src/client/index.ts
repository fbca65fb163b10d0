// A client

// A transport for it
export {
  openWebSocket,
  type WebSocketConstructor,
  type WebSocketLike,
} from "../transports/websocket-client.ts";
export { ArcpClient, connect, type ListedJob } from "./arcp-client.ts";
export { type BackoffPolicy, backoffDelay, defaultBackoff } from "./backoff.ts";
export type { ConnectOptions, JobFilter, SubmitRequest, SubscribeOptions } from "./connect-options.ts";
// The connection without IO
export {
  type ClientAction,
  ClientConnection,
  type ClientConnectionOptions,
  type ServerMessage,
} from "./connection.ts";
export { CLIENT_TRANSITIONS, type ClientEvent, type ClientPhase } from "./connection-transitions.ts";
export { type JobEnd, type JobEvent, JobHandle } from "./job-handle.ts";
export type { ClientState } from "./session-link.ts";
