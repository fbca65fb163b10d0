import type { LeaseGuard } from "./lease-guard.ts";
import type { Operation, OperationVerdict } from "./operation-check.ts";

/** An operation as a host of effects names it. */
export interface EffectOperation {
  readonly kind: "tool_call" | "model_call" | "exec_code" | "process";
  /** The tool, the model, the language or the process operation. */
  readonly name: string;
}

export interface EffectCheckOptions {
  /** Refuse models when the lease does not name `model.use` at all (section 9.7 leaves it to the deployment). */
  requireModelGrant?: boolean;
}

const NAMESPACES = {
  tool_call: "tool.call",
  model_call: "model.use",
  exec_code: "x-vendor.pawl.exec",
  process: "x-vendor.pawl.process",
} as const;

/**
 * A job's authority in the shape of the check port of a host of effects: asked with `{ kind, name }`, answered with a
 * promise. `check` is the job's own way to ask, which also notices that the lease has ended.
 */
export function effectCheck(
  guard: LeaseGuard,
  options: EffectCheckOptions = {},
  check: (operation: Operation, now: number) => OperationVerdict = (operation, now) =>
    guard.check(operation, now),
) {
  return {
    async check(operation: EffectOperation, now: number): Promise<OperationVerdict> {
      const ungoverned = operation.kind === "model_call" && guard.lease.lease["model.use"] === undefined;
      if (ungoverned && options.requireModelGrant !== true) return guard.checkBounds(now);
      return check({ namespace: NAMESPACES[operation.kind], target: operation.name }, now);
    },
  };
}
