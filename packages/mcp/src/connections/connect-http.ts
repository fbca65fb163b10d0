import type { McpClient } from "@pawl/mcp-cache";
import { connectSdkV1 } from "../adapters/sdk-v1/connect-client.ts";
import { createHttpTransport } from "../adapters/sdk-v1/http-transport.ts";
import type { HttpServerConfig } from "../config/server-config.ts";
import { createAddressPolicy } from "../egress/address-policy.ts";
import { createPinnedFetch, type ResolveHost } from "../egress/pinned-fetch.ts";
import type { CredentialSource } from "./connect-server.ts";

export function connectHttp(
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
