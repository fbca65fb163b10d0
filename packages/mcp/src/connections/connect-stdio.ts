import type { McpClient } from "@pawl/mcp-cache";
import { connectSdkV1 } from "../adapters/sdk-v1/connect-client.ts";
import { createStdioTransport } from "../adapters/sdk-v1/stdio-transport.ts";
import type { StdioServerConfig } from "../config/server-config.ts";
import { minimalEnvironment } from "./minimal-environment.ts";

/** Starts the program of a server and speaks with it. */
export function connectStdio(config: StdioServerConfig, signal: AbortSignal): Promise<McpClient> {
  const inherited = config.inheritEnv.flatMap((name) => process.env[name] ?? []);
  const transport = createStdioTransport({
    server: config.name,
    command: config.command,
    args: config.args,
    env: minimalEnvironment(process.env, config.inheritEnv, config.env, process.platform),
    cwd: config.cwd,
    secrets: [...Object.values(config.env), ...inherited],
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
