import { canonicalJson, type ToolDefinition } from "@pawl/core";

/*
 * A turn was shown definitions and keeps them (rule D7). Before a call, what its server offers now is compared with
 * them: a model must not call something else than what it was shown.
 */

/** Where a definition comes from; `undefined` if it is no MCP tool. */
export function mcpSource(
  definition: ToolDefinition,
): { readonly server: string; readonly tool: string; readonly qualifiedName: string } | undefined {
  const { source } = definition;
  if (source?.kind !== "mcp") return undefined;
  const { server, tool, qualifiedName } = source;
  if (typeof server !== "string" || typeof tool !== "string") return undefined;
  return { server, tool, qualifiedName: typeof qualifiedName === "string" ? qualifiedName : definition.name };
}

/** The members of a definition that a model or a policy was shown and that no longer hold; empty if nothing changed. */
export function changedMembers(shown: ToolDefinition, current: ToolDefinition): readonly string[] {
  if (shown === current) return [];
  return (["description", "inputSchema", "outputSchema", "hints"] as const).filter(
    (member) => canonicalJson(shown[member] ?? null) !== canonicalJson(current[member] ?? null),
  );
}

export interface ToolsDiff {
  readonly added: readonly ToolDefinition[];
  readonly removed: readonly ToolDefinition[];
  readonly changed: readonly {
    readonly before: ToolDefinition;
    readonly after: ToolDefinition;
    readonly members: readonly string[];
  }[];
}

/** What became of the MCP tools of `before`; tools are told apart by server and the server's own name. */
export function diffTools(before: readonly ToolDefinition[], after: readonly ToolDefinition[]): ToolsDiff {
  const identity = (definition: ToolDefinition) => {
    const source = mcpSource(definition);
    return source === undefined ? undefined : JSON.stringify([source.server, source.tool]);
  };
  const was = new Map(before.map((definition) => [identity(definition), definition]));
  const is = new Map(after.map((definition) => [identity(definition), definition]));
  was.delete(undefined);
  is.delete(undefined);
  const changed = [...is].flatMap(([id, now]) => {
    const then = was.get(id);
    const members = then === undefined ? [] : changedMembers(then, now);
    return then === undefined || members.length === 0 ? [] : [{ before: then, after: now, members }];
  });
  return {
    added: [...is].flatMap(([id, definition]) => (was.has(id) ? [] : [definition])),
    removed: [...was].flatMap(([id, definition]) => (is.has(id) ? [] : [definition])),
    changed,
  };
}
