import {
  type Agent,
  agent,
  findAgent,
  type Json,
  PawlError,
  type ToolDefinition,
  type ToolSet,
  type TurnConfig,
} from "@pawl/core";
import type { InputRecord, Model, Toolbox, ToolProvider } from "@pawl/core/ports";
import { joinToolboxes, staticToolbox } from "@pawl/effects";
import type { EnvironmentOptions, TurnEnvironment } from "@pawl/effects/turn-driver";
import { readTurnRequest, type TurnRequest } from "./turn-request.ts";

export interface HostEnvironmentOptions {
  readonly agents: readonly Agent[];
  readonly tools: ToolSet;
  readonly toolProvider: ToolProvider | undefined;
  readonly findModel: (name: string | undefined) => Model;
  readonly limits: Agent["limits"];
}

/** Turns of this host's agents: its own tools, and those that the input's environment names. */
export function createHostEnvironment(options: HostEnvironmentOptions): TurnEnvironment {
  const { agents, toolProvider, findModel } = options;
  const own = staticToolbox(options.tools);

  async function openTools(
    environment: Json | undefined,
    { sessionId, signal }: EnvironmentOptions,
    pinned?: readonly ToolDefinition[],
  ): Promise<Toolbox> {
    if (toolProvider === undefined) {
      if (environment === undefined) return own;
      throw new PawlError(
        "tool_provider_missing",
        "This host offers no tools beside its own: send no `environment`.",
      );
    }
    const takenNames = own.definitions.map(({ name }) => name);
    const found = await toolProvider.open(environment, {
      sessionId,
      signal,
      takenNames,
      ...(pinned && { pinned }),
    });
    return joinToolboxes(own, found);
  }

  function configOf(request: TurnRequest, tools: readonly ToolDefinition[]): TurnConfig {
    const found = findAgent(agents, request.agent);
    const { name, version, instructions, limits, refreshTools, model: preferred } = found;
    // Asked for by name now, so that a model that cannot be had is told before anything is paid for.
    const model = findModel(request.model ?? preferred).id;
    return {
      version: 1,
      protocol: "standard",
      agent: {
        name,
        ...(version !== undefined && { version }),
        ...(instructions !== undefined && { instructions }),
      },
      model,
      tools,
      limits: agent({ name, limits: { ...limits, ...request.limits } }).limits,
      refreshTools,
      ...(request.environment !== undefined && { environment: request.environment }),
      ...(request.ask !== undefined && request.ask.length > 0 && { ask: request.ask }),
    };
  }

  return {
    fallback: {
      version: 1,
      protocol: "standard",
      agent: { name: "none" },
      tools: [],
      limits: options.limits,
      refreshTools: "turn",
    },
    forkOf: (input) => readTurnRequest(input.content.environment).fork,
    async prepare(input: InputRecord, about) {
      const request = readTurnRequest(input.content.environment);
      configOf(request, []);
      const toolbox = await openTools(request.environment, about);
      checkAsked(request.ask ?? [], toolbox.definitions);
      return { toolbox, config: configOf(request, toolbox.definitions) };
    },
    refresh: (config, about) => openTools(config.environment, about),
    reopen: (config, about) => {
      const names = new Set(own.definitions.map(({ name }) => name));
      const pinned = config.tools.filter(({ name }) => !names.has(name));
      return openTools(config.environment, about, pinned);
    },
  };
}

/** A misspelt name would let the calls through that somebody wanted to see. */
function checkAsked(asked: readonly string[], definitions: readonly ToolDefinition[]): void {
  const unknown = asked.find(
    (name) => !definitions.some((tool) => tool.name === name || tool.source?.tool === name),
  );
  if (unknown === undefined) return;
  const names = definitions.map(({ name }) => name).join(", ");
  throw new PawlError(
    "ask_tool_unknown",
    `Calls of "${unknown}" were to be approved first, and this turn has no such tool. It has: ${names || "none"}.`,
  );
}
