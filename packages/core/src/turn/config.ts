import type { ToolDefinition } from "../conversation/tool-definition.ts";
import type { Json, JsonObject } from "../json.ts";
import type { TurnLimits } from "./limits.ts";

/**
 * The version of the machine's behaviour. A turn stores it in its first row and only nodes that support it drive the
 * turn (D7). Raise it when the same inputs would give other effects, and keep the old machine until no turn needs it.
 */
export const BEHAVIOUR = "pawl-1";

/**
 * What a turn may use: a tool is within it when each list has its name (`*` at the end stands for anything). A child adds a list to
 * its parent's, so it never has more than its parent.
 */
export interface Grant {
  readonly tools: readonly (readonly string[])[];
}

export function isGranted(grant: Grant | undefined, tool: string): boolean {
  return (grant?.tools ?? []).every((names) => names.some((name) => fits(name, tool)));
}

function fits(pattern: string, name: string): boolean {
  return pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

/** Everything that steers a turn and is known when it begins. Stored once by content hash (D7). */
export interface TurnConfig {
  readonly version: 1;
  readonly protocol: string;
  readonly agent: {
    readonly name: string;
    readonly version?: string;
    readonly instructions?: string;
    /** Names of the tools that it is made for; absent: whatever the turn is granted. */
    readonly tools?: readonly string[];
  };
  /** How the host finds the model again. */
  readonly model?: string;
  readonly tools: readonly ToolDefinition[];
  readonly limits: TurnLimits;
  /** `iteration`: the environment is looked at anew before each model call after the first. */
  readonly refreshTools: "turn" | "iteration";
  /** Tools whose calls need somebody's approval in this turn. */
  readonly ask?: readonly string[];
  /** The answer is JSON that fits this JSON Schema (draft 2020-12). */
  readonly output?: { readonly schema: JsonObject };
  /** What the turn, and every agent that it hands work to, may use. */
  readonly grant?: Grant;
  /** Only tools that say that they only read are performed; the others answer that they would have been. */
  readonly dryRun?: true;
  /** What a node needs to find the tools again (MCP servers, say). Opaque to the machine. */
  readonly environment?: Json;
}
