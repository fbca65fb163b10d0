import type { McpClient } from "@pawl/mcp-cache";
import type { McpCredential } from "../auth.ts";
import type { McpServerConfig } from "../config/server-config.ts";
import type { ResolveHost } from "../egress/pinned-fetch.ts";

export type CredentialSource = (signal?: AbortSignal) => Promise<McpCredential | undefined>;

export type ConnectServer = (
  config: McpServerConfig,
  credential: CredentialSource,
  signal: AbortSignal,
) => Promise<McpClient>;

/** Makes new connections to configured servers. What speaks with them is loaded for the first one: most of this package is that. */
export function createConnectServer(resolve: ResolveHost | undefined): ConnectServer {
  return async (config, credential, signal) => {
    if (config.kind === "stdio") {
      const { connectStdio } = await import("./connect-stdio.ts");
      return connectStdio(config, signal);
    }
    const { connectHttp } = await import("./connect-http.ts");
    return connectHttp(config, credential, resolve, signal);
  };
}
