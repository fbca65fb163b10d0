/** What of a failure is kept and shown: JSON, no stack, no cause. */
export interface DiscoveryFailure {
  readonly code: string;
  readonly message: string;
}

/**
 * Codes of this package: `mcp_discovery_timeout`, `mcp_discovery_aborted`, `mcp_discovery_failed`,
 * `mcp_list_too_large`, `mcp_too_many_pages`. It has the one error shape of Pawl without importing it, because a
 * cache is of use without the rest.
 */
export class DiscoveryError extends Error implements DiscoveryFailure {
  // The name is how every package recognises the shape.
  override readonly name = "PawlError";
  readonly code: string;
  readonly blame: "peer" | "host" | "infrastructure";
  readonly details: Readonly<Record<string, unknown>> = {};

  constructor(
    code: string,
    message: string,
    options: { blame?: "peer" | "host" | "infrastructure"; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.blame = options.blame ?? "peer";
  }
}

/** The facts of anything that was thrown; what has no code of its own is `mcp_discovery_failed`. */
export function failureOf(thrown: unknown): DiscoveryFailure {
  if (thrown instanceof Error) {
    const code = "code" in thrown && typeof thrown.code === "string" ? thrown.code : "mcp_discovery_failed";
    return { code, message: thrown.message };
  }
  return { code: "mcp_discovery_failed", message: String(thrown) };
}
