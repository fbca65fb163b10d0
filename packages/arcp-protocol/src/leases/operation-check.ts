/**
 * The port through which everything that acts asks first. The runtime's core has a port of the same shape, so a
 * `LeaseGuard` can stand where effects are performed and an agent cannot go round it.
 */
export interface OperationCheck {
  /** Decides without waiting, before the operation is dispatched. `now` in milliseconds since the epoch. */
  check(operation: Operation, now: number): OperationVerdict;
}

export interface Operation {
  /** `tool.call`, `fs.read`, `fs.write`, `net.fetch`, `agent.delegate`, `model.use` or `x-vendor.…`. */
  namespace: string;
  /** A tool's name, a path, a URL, an agent, a model. */
  target: string;
}

export type OperationRefusalCode = "LEASE_EXPIRED" | "BUDGET_EXHAUSTED" | "PERMISSION_DENIED";

export type OperationVerdict =
  | { allowed: true }
  | { allowed: false; code: OperationRefusalCode; message: string; retryable: false };
