import { type Agent, type Grant, isGranted, PawlError, type ToolDefinition } from "@pawl/core";
import type { Toolbox } from "@pawl/core/ports";

/** The tools that an agent may use in a turn: those that it is made for, within what the turn was granted. */
export function grantedToolbox(box: Toolbox, tools: Agent["tools"], grant: Grant | undefined): Toolbox {
  if (tools === undefined && grant === undefined) return box;
  const wanted: Grant = { tools: [...(grant?.tools ?? []), ...(tools === undefined ? [] : [tools])] };
  const definitions = box.definitions.filter(({ name }) => isGranted(wanted, name));
  const names = new Set(definitions.map(({ name }) => name));
  return {
    definitions,
    async execute(call, context) {
      if (names.has(call.name)) return box.execute(call, context);
      const message = `The tool "${call.name}" is not granted to this turn. Do without it.`;
      return { status: "error", code: "tool_not_granted", message };
    },
    reconcile: async (call, context) =>
      names.has(call.name) ? ((await box.reconcile?.(call, context)) ?? "unknown") : "unknown",
    ...(box.close && { close: () => box.close?.() ?? Promise.resolve() }),
  };
}

/** Other agents as tools. Their calls never come here: the controller hands them over. */
export function delegateToolbox(definitions: readonly ToolDefinition[]): Toolbox {
  return {
    definitions,
    execute: async ({ name }) => {
      throw new PawlError("internal_error", `"${name}" stands for another agent and is not executed here.`, {
        blame: "pawl",
      });
    },
  };
}
