import { PawlError } from "../errors.ts";
import type { TurnConfig } from "../turn/config.ts";
import { DEFAULT_LIMITS, type TurnLimits } from "../turn/limits.ts";
import { type Delegate, delegateTo } from "./delegate.ts";
import { jsonSchemaOf, type Schema } from "./schema.ts";

/** Who answers: instructions and bounds. Pure data. */
export interface Agent {
  readonly name: string;
  /** Opaque: versions are not ordered. Agents of one name and several versions stand side by side. */
  readonly version?: string;
  readonly instructions?: string;
  /** Names the model among those that the host has; the host's default when absent. */
  readonly model?: string;
  readonly limits: TurnLimits;
  /** `iteration`: tools are looked for anew before each model call after the first. Default `turn`. */
  readonly refreshTools: TurnConfig["refreshTools"];
  /** What it does, for agents that may hand work to it. */
  readonly description?: string;
  /** Names of the host's tools that it may use, `*` at the end stands for anything. All when absent. */
  readonly tools?: readonly string[];
  /** Its answers are JSON that fits this schema. */
  readonly output?: Schema;
  /** Agents that it may hand work to. */
  readonly delegates?: readonly Delegate[];
}

export interface AgentSpec {
  /** Without `@`, which divides it from the version where both are written as one. */
  readonly name: string;
  /** Letters, digits, `.`, `_`, `+` and `-`; at most 64. */
  readonly version?: string;
  readonly instructions?: string;
  readonly description?: string;
  readonly tools?: readonly string[];
  readonly output?: Schema;
  /** Each is offered to the model as a tool; `delegateTo` says more about how. */
  readonly delegates?: readonly (Agent | Delegate)[];
  readonly model?: string;
  readonly limits?: Partial<TurnLimits>;
  readonly refreshTools?: TurnConfig["refreshTools"];
}

const AMOUNTS = [
  "maxIterations",
  "maxNoProgress",
  "maxWallMs",
  "maxTokens",
  "maxCostNanoUsd",
  "maxChildren",
  "maxDepth",
] as const;

const VERSION = /^[A-Za-z0-9._+-]{1,64}$/;

/**
 * Defines an agent. A limit that is not given has its default; none is ever unlimited by accident.
 *
 * @throws PawlError `invalid_agent_name` for a blank name or one with `@`, `invalid_agent_version`, `invalid_limits` for
 * bounds that are not positive integers or that nobody knows, `invalid_tool_name` when the name of a delegate makes no tool's name, `schema_unsupported`
 */
export function agent<Output extends Schema>(
  spec: AgentSpec & { readonly output: Output },
): Agent & { readonly output: Output };
export function agent(spec: AgentSpec): Agent;
export function agent(spec: AgentSpec): Agent {
  // A schema that cannot describe itself is refused where it is written.
  if (spec.output !== undefined) jsonSchemaOf(spec.output, `the answers of agent "${spec.name}"`);
  const { name, version, instructions, model, description, tools } = spec;
  if (typeof name !== "string" || name.trim() === "") {
    throw new PawlError("invalid_agent_name", "An agent needs a name: pass a stable, non-blank string.");
  }
  if (name.includes("@")) {
    throw new PawlError(
      "invalid_agent_name",
      `"${name}" cannot be the name of an agent: what follows "@" names a version. Pass \`version\` beside the name.`,
    );
  }
  if (version !== undefined && !(typeof version === "string" && VERSION.test(version))) {
    throw new PawlError(
      "invalid_agent_version",
      `The version of agent "${name}" must be 1 to 64 letters, digits, ".", "_", "+" and "-", such as 2.0.0.`,
    );
  }
  return {
    name,
    ...(version !== undefined && { version }),
    limits: limitsOf(name, spec.limits ?? {}),
    refreshTools: spec.refreshTools ?? "turn",
    ...(instructions !== undefined && { instructions }),
    ...(model !== undefined && { model }),
    ...(description !== undefined && { description }),
    ...(tools !== undefined && { tools }),
    ...(spec.output !== undefined && { output: spec.output }),
    ...(spec.delegates !== undefined && {
      delegates: spec.delegates.map((to) => ("agent" in to ? to : delegateTo(to))),
    }),
  };
}

function limitsOf(agentName: string, given: Partial<TurnLimits>): TurnLimits {
  const refuse = (what: string) =>
    new PawlError("invalid_limits", `The limits of agent "${agentName}" are wrong: ${what}.`);
  const known: readonly string[] = [...AMOUNTS, "onBudget"];
  // `undefined` from plain JavaScript must not switch a default off.
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  for (const name of Object.keys(set)) {
    if (!known.includes(name)) throw refuse(`there is no limit "${name}", only ${known.join(", ")}`);
  }
  const limits: TurnLimits = { ...DEFAULT_LIMITS, ...set };
  for (const name of AMOUNTS) {
    const amount = limits[name];
    if (amount !== undefined && !(Number.isSafeInteger(amount) && amount > 0)) {
      throw refuse(`${name} must be a positive integer`);
    }
  }
  if (limits.onBudget !== "last_answer" && limits.onBudget !== "wait") {
    throw refuse('onBudget must be "last_answer" or "wait"');
  }
  return limits;
}
