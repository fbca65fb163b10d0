import { fingerprint } from "@pawl/mcp-cache";

export type McpAuthMode = "none" | "api_key" | "oauth";

/** All that an auth provider learns: which server asks, how it authenticates, and the name of the identity provider. */
export interface McpAuthRequest {
  readonly server: string;
  readonly mode: McpAuthMode;
  readonly providerId?: string | undefined;
}

export interface McpCredential {
  /** Sent with the request, for example `{ authorization: "Bearer …" }`. */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * Who this credential speaks for. Lists of tools are kept per subject, so a token that is renewed costs nothing; without
   * it they are kept per credential.
   */
  readonly subject?: string;
}

/**
 * Provides credentials for HTTP servers. It is asked for every request, background refreshes too, so it owns caching and
 * renewal. `undefined` means that there is none: the server then decides whether it answers.
 */
export interface McpAuthProvider {
  credential(
    request: McpAuthRequest,
    options: { readonly signal?: AbortSignal | undefined },
  ): Promise<McpCredential | undefined>;
}

/** Fixed credentials by (sanitised) server name. */
export function staticAuth(credentials: Readonly<Record<string, McpCredential>>): McpAuthProvider {
  return { credential: ({ server }) => Promise.resolve(credentials[server]) };
}

/** Tells principals apart without keeping anything secret. */
export async function principalOf(credential: McpCredential | undefined): Promise<string | undefined> {
  if (credential === undefined) return undefined;
  if (credential.subject !== undefined) return `subject:${await fingerprint(credential.subject)}`;
  return `credential:${await fingerprint(credential.headers)}`;
}
