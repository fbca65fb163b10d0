import {
  type EffectOutcome,
  type Json,
  type JsonDigest,
  loadJsonDigest,
  type ToolDefinition,
} from "@pawl/core";
import type { Clock } from "@pawl/core/ports";
import type { Guard } from "../controller/journaled.ts";

/** Whether a call with these arguments needs somebody's approval. Pure: the same arguments, the same answer. */
export type ApprovalPolicy = (input: Json) => boolean;

export interface ApprovalOptions {
  /** By the name of the tool. */
  readonly policies: Readonly<Record<string, ApprovalPolicy>>;
  /** How long an approval may take, in milliseconds; absent: for ever. */
  readonly expiresInMs?: number;
  readonly clock: Clock;
}

/**
 * Puts calls behind an approval: those whose policy says so, tools that are defined with `policy: "approval"`, and tools that the turn's
 * configuration names in `ask`. The answer is recorded like any outcome, so a policy that changes does not change what was decided.
 */
export function approvalGuard({ policies, expiresInMs, clock }: ApprovalOptions): Guard {
  return async ({ command }, { turn }): Promise<EffectOutcome | undefined> => {
    if (command.kind !== "tool_call" || command.approvedBy !== undefined || turn === undefined)
      return undefined;
    const { name, input } = command;
    const definition = turn.toolbox.definitions.find((tool) => tool.name === name);
    const because = reasonFor(name, input, definition, turn.config.ask ?? [], policies);
    if (because === undefined) return undefined;
    const digest = await loadJsonDigest();
    const launch = {
      status: "needs_approval",
      argumentHash: argumentHash(name, input, digest),
      // A policy is known by its text: what was approved under another one is not what this one asks for.
      policyHash: digest({ because, tool: name, policy: String(policies[name] ?? "") }),
      ...(expiresInMs !== undefined && { expiresAt: clock.now() + expiresInMs }),
    } as const;
    return { kind: "tool_call", launch };
  };
}

/** What exactly is approved: the tool and its arguments, SHA-256 of canonical JSON. */
export function argumentHash(tool: string, input: Json, digest: JsonDigest): string {
  return digest({ tool, input });
}

type Because = "asked" | "definition" | "policy";

function reasonFor(
  name: string,
  input: Json,
  definition: ToolDefinition | undefined,
  asked: readonly string[],
  policies: ApprovalOptions["policies"],
): Because | undefined {
  // A tool of a server is found under the name that the model sees and under its own.
  const own = definition?.source?.tool;
  if (asked.includes(name) || (typeof own === "string" && asked.includes(own))) return "asked";
  if (definition?.policy === "approval") return "definition";
  // A policy that throws must not let a call through.
  try {
    return policies[name]?.(input) === true ? "policy" : undefined;
  } catch {
    return "policy";
  }
}
