import { PawlError } from "../errors.ts";
import { DEFAULT_LIMITS, type TurnLimits } from "../turn/limits.ts";

/** Who answers: instructions and bounds. Pure data. */
export interface Agent {
  readonly name: string;
  readonly instructions?: string;
  /** Names the model among those that the host has; the host's default when absent. */
  readonly model?: string;
  readonly limits: TurnLimits;
}

export interface AgentSpec {
  readonly name: string;
  readonly instructions?: string;
  readonly model?: string;
  readonly limits?: Partial<TurnLimits>;
}

/** Defines an agent. @throws PawlError `invalid_limits` for bounds that are not positive. */
export function agent(spec: AgentSpec): Agent {
  const limits = { ...DEFAULT_LIMITS, ...spec.limits };
  for (const [name, value] of Object.entries(limits)) {
    if (typeof value === "number" && !(Number.isSafeInteger(value) && value > 0)) {
      throw new PawlError(
        "invalid_limits",
        `The limit ${name} of agent "${spec.name}" must be a positive integer.`,
      );
    }
  }
  const { name, instructions, model } = spec;
  return {
    name,
    limits,
    ...(instructions !== undefined && { instructions }),
    ...(model !== undefined && { model }),
  };
}
