import {
  type Agent,
  agent,
  DEFAULT_MAX_DEPTH,
  findAgent,
  type Grant,
  type Json,
  jsonSchemaOf,
  PawlError,
  type ToolDefinition,
  type ToolSet,
  type TurnConfig,
  type TurnLimits,
} from "@pawl/core";
import type { InputRecord, Model, Toolbox, ToolProvider } from "@pawl/core/ports";
import { joinToolboxes, staticToolbox } from "@pawl/effects";
import type { EnvironmentOptions, TurnEnvironment } from "@pawl/effects/turn-driver";
import { delegateToolbox, grantedToolbox } from "./granted-toolbox.ts";
import { narrowedLimits } from "./narrowed-limits.ts";
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

  /** Bounded by what the turn was granted; agents that it hands work to are bounded by the same. */
  function offered(
    box: Toolbox,
    tools: Agent["tools"],
    grant: Grant | undefined,
    delegates: readonly ToolDefinition[],
  ): Toolbox {
    const granted = grantedToolbox(box, tools, grant);
    return delegates.length === 0 ? granted : joinToolboxes(granted, delegateToolbox(delegates));
  }

  function delegatesOf(request: TurnRequest): readonly ToolDefinition[] {
    const { delegates = [], limits } = findAgent(agents, request.agent);
    const maxDepth = limitsOf("delegates", limits, request).maxDepth ?? DEFAULT_MAX_DEPTH;
    if ((request.parent?.path.length ?? 0) >= maxDepth) return [];
    return delegates.map(({ definition }) => definition);
  }

  function configOf(request: TurnRequest): Omit<TurnConfig, "tools"> {
    const found = findAgent(agents, request.agent);
    const { name, version, instructions, limits, refreshTools, model: preferred, tools: made } = found;
    // Asked for by name now, so that a model that cannot be had is told before anything is paid for.
    const model = findModel(request.model ?? preferred).id;
    return {
      version: 1,
      protocol: "standard",
      agent: {
        name,
        ...(version !== undefined && { version }),
        ...(instructions !== undefined && { instructions }),
        ...(made !== undefined && { tools: made }),
      },
      model,
      limits: limitsOf(name, limits, request),
      refreshTools,
      ...(request.environment !== undefined && { environment: request.environment }),
      ...(request.ask !== undefined && request.ask.length > 0 && { ask: request.ask }),
      ...outputOf(request, found),
      ...(request.grant !== undefined && { grant: request.grant }),
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
    parentOf: (input) => readTurnRequest(input.content.environment).parent,
    forkOf: (input) => readTurnRequest(input.content.environment).fork,
    async prepare(input: InputRecord, about) {
      const request = readTurnRequest(input.content.environment);
      // Before anything is asked for tools.
      const config = configOf(request);
      const box = await openTools(request.environment, about);
      const toolbox = offered(
        box,
        findAgent(agents, request.agent).tools,
        request.grant,
        delegatesOf(request),
      );
      // An agent that works for another one need not have all of its tools.
      if (request.parent === undefined) checkAsked(request.ask ?? [], toolbox.definitions);
      return { toolbox, config: { ...config, tools: toolbox.definitions } };
    },
    async refresh(config, about) {
      const delegates = config.tools.filter(isDelegate);
      return offered(await openTools(config.environment, about), config.agent.tools, config.grant, delegates);
    },
    async reopen(config, about) {
      const names = new Set(own.definitions.map(({ name }) => name));
      const delegates = config.tools.filter(isDelegate);
      const pinned = config.tools.filter((tool) => !names.has(tool.name) && !isDelegate(tool));
      const box = await openTools(config.environment, about, pinned);
      return offered(box, config.agent.tools, config.grant, delegates);
    },
  };
}

/** @throws PawlError `invalid_limits` */
function limitsOf(name: string, own: TurnLimits, { limits, narrow }: TurnRequest): TurnLimits {
  // An agent's own were checked when it was made.
  const asked = limits === undefined ? own : agent({ name, limits: { ...own, ...limits } }).limits;
  if (narrow === undefined) return asked;
  agent({ name, limits: narrow });
  return narrowedLimits(asked, narrow);
}

/** What an input asks for comes before what its agent is made for. */
function outputOf(request: TurnRequest, { name, output }: Agent): Pick<TurnConfig, "output"> {
  if (request.output !== undefined) return { output: request.output };
  return output === undefined ? {} : { output: { schema: jsonSchemaOf(output, `agent "${name}"`) } };
}

function isDelegate(tool: ToolDefinition): boolean {
  return tool.delegate !== undefined;
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
