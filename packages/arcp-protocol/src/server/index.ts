// A runtime

// Agents
export type { AgentDefinition, AgentHandler } from "./agent.ts";
export { ArcpServer } from "./arcp-server.ts";
export {
  type ArcpServerOptions,
  type AuthenticatedPrincipal,
  defaultRuntimeLimits,
  type TokenWatch,
} from "./arcp-server-options.ts";
// The connection without IO
export { type OpenedSession, ServerConnection } from "./connection.ts";
export type { ClientRequest, ConnectionAction } from "./connection-action.ts";
export {
  CONNECTION_TRANSITIONS,
  type ConnectionEvent,
  type ConnectionPhase,
} from "./connection-transitions.ts";
export type { Delegation } from "./delegation.ts";
export { JobContext, type RecoveredJob, type ToolOutcome } from "./job-context.ts";
export type { JobOutcome } from "./job-outcome.ts";
export type { OpenRequest } from "./open-request.ts";
export { ResultWriter, StreamedResult } from "./result-writer.ts";
export type { AuditEvent, RuntimeLimits } from "./runtime.ts";
