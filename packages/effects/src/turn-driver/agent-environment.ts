import { type Agent, agent as defineAgent, type ToolSet, type TurnConfig } from "@pawl/core";
import { staticToolbox } from "../executors/static-toolbox.ts";
import type { TurnEnvironment } from "./environment.ts";

export interface AgentEnvironmentOptions {
  /** Default: one named `assistant`, without instructions and with the default limits. */
  readonly agent?: Agent;
  /** Tools of this process, by name. Default none. */
  readonly tools?: ToolSet;
}

/** Every turn is one of this agent, with these tools. @throws PawlError `invalid_tool_name` */
export function agentEnvironment({
  agent = defineAgent({ name: "assistant" }),
  tools = {},
}: AgentEnvironmentOptions): TurnEnvironment {
  const toolbox = staticToolbox(tools);
  const { name, version, instructions, model, limits, refreshTools } = agent;
  const config: TurnConfig = {
    version: 1,
    protocol: "standard",
    agent: {
      name,
      ...(version !== undefined && { version }),
      ...(instructions !== undefined && { instructions }),
    },
    ...(model !== undefined && { model }),
    tools: toolbox.definitions,
    limits,
    refreshTools,
  };
  return {
    fallback: { ...config, tools: [] },
    prepare: async () => ({ config, toolbox }),
    reopen: async () => toolbox,
  };
}
