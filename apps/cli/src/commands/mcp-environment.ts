import type { Json } from "@pawl/core";

/**
 * MCP servers as a turn's environment asks for them, from `--mcp` as it was typed: addresses and commands. They are required: a
 * turn that was given tools is not to run without them. `cwd` is for commands that run on this machine.
 */
export function mcpEnvironment(servers: readonly string[], cwd: string | undefined): Json | undefined {
  if (servers.length === 0) return undefined;
  const mcp = servers.map((server): Json => {
    const text = server.trim();
    if (/^https?:\/\//i.test(text)) return { url: text, required: true };
    // Whoever types a command vouches for what it starts: its hints decide what may be repeated after a crash.
    return { command: text, required: true, trusted: true, ...(cwd !== undefined && { cwd }) };
  });
  return { mcp };
}
