import type { DelegateFacts, ToolDefinition } from "../conversation/tool-definition.ts";
import { PawlError } from "../errors.ts";
import type { Agent } from "./agent.ts";
import { agentRef } from "./find-agent.ts";
import { TOOL_NAME } from "./tool.ts";

/** Another agent as a tool: each call is a turn of that agent, in a session of its own. */
export interface Delegate {
  readonly agent: Agent;
  readonly definition: ToolDefinition;
}

export interface DelegateOptions extends Omit<DelegateFacts, "agent"> {
  /** What the model calls it. Default `ask_<name of the agent>`. */
  readonly name?: string;
  /** Default: the agent's description. */
  readonly description?: string;
  /** How long one call may take, in milliseconds; then the agent is told to stop. */
  readonly timeoutMs?: number;
}

/**
 * How an agent hands work to another one. The other agent's budget is set aside from the caller's, and it never may do what the
 * caller may not (D13, D22).
 *
 * @throws PawlError `invalid_tool_name`, `invalid_limits` for a budget that is no positive integer
 */
export function delegateTo(agent: Agent, options: DelegateOptions = {}): Delegate {
  const { budget, tools, timeoutMs } = options;
  const name = options.name ?? `ask_${agent.name.replaceAll(/[^A-Za-z0-9_-]+/g, "_")}`;
  if (!TOOL_NAME.test(name)) {
    const message = `"${name}" cannot be the name under which agent "${agent.name}" is called: pass \`name\`, 1 to 64 of A–Z, a–z, 0–9, _ and -.`;
    throw new PawlError("invalid_tool_name", message);
  }
  for (const amount of [budget?.tokens, budget?.costNanoUsd, timeoutMs]) {
    if (amount === undefined || (Number.isSafeInteger(amount) && amount > 0)) continue;
    const message = `Budget and time for agent "${agent.name}" must be positive integers.`;
    throw new PawlError("invalid_limits", message);
  }
  const delegate: DelegateFacts = {
    agent: agentRef(agent),
    ...(budget !== undefined && { budget }),
    ...(tools !== undefined && { tools }),
  };
  const definition: ToolDefinition = {
    name,
    description:
      options.description ??
      agent.description ??
      `Hands a task to the agent "${agent.name}" and returns its answer.`,
    inputSchema: INPUT,
    // The child's ids follow from the call: doing it again finds the child that is there.
    onCrash: "retry",
    delegate,
    ...(timeoutMs !== undefined && { timeoutMs }),
  };
  return { agent, definition };
}

const INPUT: ToolDefinition["inputSchema"] = {
  type: "object",
  properties: {
    task: {
      type: "string",
      description:
        "What the agent shall do, with all that it needs to know: it sees nothing of this conversation.",
    },
  },
  required: ["task"],
  additionalProperties: false,
};
