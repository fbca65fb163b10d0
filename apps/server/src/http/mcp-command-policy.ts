import type { Json } from "@pawl/core";
import { serverError } from "../errors.ts";

/** Members of a server's description that make this machine do things beyond speaking to a public address. */
const POWERS = ["command", "args", "env", "inheritEnv", "cwd", "allow"];

/**
 * A request that brings an MCP server by command starts a program on this machine. That is what the owner of a token on
 * this machine can do anyway; beyond it, it must be wanted.
 *
 * @throws PawlError `mcp_commands_forbidden`
 */
export function checkMcpCommands(environment: Json | undefined, allowed: boolean): void {
  if (allowed || !isObject(environment) || !Array.isArray(environment.mcp)) return;
  if (!(environment.mcp as readonly Json[]).some(isPowerful)) return;
  throw serverError(
    "mcp_commands_forbidden",
    "This server listens beyond its own machine, so requests may not start MCP servers by command. Whoever runs it can allow that with PAWL_ALLOW_MCP_COMMANDS=1; addresses (https://…) are possible.",
  );
}

function isPowerful(entry: Json): boolean {
  if (typeof entry === "string") return !/^https?:\/\//i.test(entry.trim());
  return !isObject(entry) || POWERS.some((name) => name in entry);
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
