import type { McpClient } from "@pawl/mcp-cache";
import { connectSdkV1 } from "../adapters/sdk-v1/connect-client.ts";
import { createHttpTransport } from "../adapters/sdk-v1/http-transport.ts";
import { createStdioTransport } from "../adapters/sdk-v1/stdio-transport.ts";
import type { McpCredential } from "../auth.ts";
import type { HttpServerConfig, McpServerConfig, StdioServerConfig } from "../config/server-config.ts";
import { createAddressPolicy } from "../egress/address-policy.ts";
import { createPinnedFetch, type ResolveHost } from "../egress/pinned-fetch.ts";
import { minimalEnvironment } from "./minimal-environment.ts";

export type CredentialSource = (signal?: AbortSignal) => Promise<McpCredential | undefined>;

export type ConnectServer = (
  config: McpServerConfig,
  credential: CredentialSource,
  signal: AbortSignal,
) => Promise<McpClient>;

/** Makes new connections to configured servers. */
export function createConnectServer(resolve: ResolveHost | undefined): ConnectServer {
  return (config, credential, signal) =>
    config.kind === "stdio" ? connectStdio(config, signal) : connectHttp(config, credential, resolve, signal);
}

function connectStdio(config: StdioServerConfig, signal: AbortSignal): Promise<McpClient> {
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

function connectHttp(
  config: HttpServerConfig,
  credential: CredentialSource,
  resolve: ResolveHost | undefined,
  signal: AbortSignal,
): Promise<McpClient> {
  const egress = createPinnedFetch({
    server: config.name,
    policy: createAddressPolicy(config.allow),
    ...(resolve !== undefined && { resolve }),
  });
  const { name: server, url, headers, connectTimeoutMs: timeoutMs } = config;
  return connectSdkV1(createHttpTransport({ server, url, headers, credential, egress }), {
    server,
    signal,
    timeoutMs,
  });
}
