import type { EffectCommand } from "@pawl/core";
import type { Clock, Operation, OperationCheck } from "@pawl/core/ports";
import type { TurnFacts } from "../controller/effect-controller.ts";
import type { Guard } from "../controller/journaled.ts";
import { refusalOutcome } from "./refusal.ts";

/** Asks a grant before anything is done. ARCP calls grants leases. */
export function grantGuard(check: OperationCheck, clock: Clock): Guard {
  return async (envelope, context) => {
    const operation = context.turn && operationOf(envelope.command, context.turn);
    if (operation === undefined) return undefined;
    const verdict = await check.check(operation, clock.now());
    if (verdict.allowed) return undefined;
    const { code, message } = verdict;
    return refusalOutcome(envelope.command, { code, message });
  };
}

function operationOf(
  command: EffectCommand,
  { sessionId, turnId, config }: TurnFacts,
): Operation | undefined {
  switch (command.kind) {
    case "tool_call":
      return { kind: "tool_call", name: command.name, sessionId, turnId };
    case "model_call":
      return { kind: "model_call", name: config.model ?? "", sessionId, turnId };
    case "exec_code":
      return { kind: "exec_code", name: command.language, sessionId, turnId };
    case "process":
      return { kind: "process", name: command.command.operation, sessionId, turnId };
    default:
      return undefined;
  }
}
