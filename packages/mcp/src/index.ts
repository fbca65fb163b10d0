// MCP servers as tools of a host

// Credentials
export {
  type McpAuthMode,
  type McpAuthProvider,
  type McpAuthRequest,
  type McpCredential,
  staticAuth,
} from "./auth.ts";
export type { HttpServerInput, McpServerInput, StdioServerInput } from "./config/server-config.ts";
// Where HTTP servers may live
export type { ResolvedAddress, ResolveHost } from "./egress/pinned-fetch.ts";
export type { McpEnvironment } from "./environment.ts";
export {
  createMcpTools,
  type InspectOptions,
  type McpToolbox,
  type McpTools,
  type McpToolsOptions,
} from "./mcp-tools.ts";
// For people: what there is and what changed
export type { ServerReport, ToolReport } from "./server-report.ts";
export { diffTools, type ToolsDiff } from "./tools/pinned-tool.ts";
