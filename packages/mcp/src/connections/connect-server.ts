import { PawlError } from "@pawl/core";
import type { McpClient } from "@pawl/mcp-cache";
import { connectSdkV1 } from "../adapters/sdk-v1.ts";
import type { McpCredential } from "../auth.ts";
import type { McpServerConfig, StdioServerConfig } from "../config/server-config.ts";
import { minimalEnvironment } from "./minimal-environment.ts";
import { createStdioTransport } from "./stdio-transport.ts";

/** Makes a new connection to a configured server. */
export async function connectServer(
  config: McpServerConfig,
  _credential: (signal?: AbortSignal) => Promise<McpCredential | undefined>,
  signal: AbortSignal,
): Promise<McpClient> {
  if (config.kind === "stdio") return connectStdio(config, signal);
  throw new PawlError("mcp_config_invalid", "HTTP servers cannot be connected to yet: give a command.");
}

function connectStdio(config: StdioServerConfig, signal: AbortSignal): Promise<McpClient> {
  const transport = createStdioTransport({
    server: config.name,
    command: config.command,
    args: config.args,
    env: minimalEnvironment(process.env, config.inheritEnv, config.env, process.platform),
    cwd: config.cwd,
  });
  const problems = () =>
    transport.strayLines() === 0
      ? []
      : [
          {
            code: "mcp_stray_output",
            message: `${transport.strayLines()} lines on its standard output were no messages of the protocol; logs belong on standard error.`,
          },
        ];
  return connectSdkV1(Object.assign(transport, { problems }), {
    server: config.name,
    signal,
    timeoutMs: config.connectTimeoutMs,
  });
}
