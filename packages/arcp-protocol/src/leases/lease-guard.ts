import type { BudgetLedger } from "../budgets/budget-ledger.ts";
import type { CompiledLease } from "./compiled-lease.ts";
import { hasExpired, type LeaseExpiry } from "./lease-expiry.ts";
import type { Operation, OperationCheck, OperationRefusalCode, OperationVerdict } from "./operation-check.ts";

/**
 * One job's authority. The order is expiry, then budget, then pattern: the first two bound the lease as a whole.
 */
export class LeaseGuard implements OperationCheck {
  readonly lease: CompiledLease;
  readonly budget: BudgetLedger;
  readonly expiry: LeaseExpiry | undefined;

  constructor(lease: CompiledLease, budget: BudgetLedger, expiry: LeaseExpiry | undefined) {
    this.lease = lease;
    this.budget = budget;
    this.expiry = expiry;
  }

  /** Milliseconds since the epoch. */
  get expiresAt(): number | undefined {
    return this.expiry?.at;
  }

  check(operation: Operation, now: number): OperationVerdict {
    const bounds = this.checkBounds(now);
    if (!bounds.allowed || this.#covers(operation)) return bounds;
    const { namespace, target } = operation;
    const shown = target.slice(0, 200);
    return refuse("PERMISSION_DENIED", `the lease does not cover ${namespace} on "${shown}"`);
  }

  /** Expiry and budget alone: what bounds every operation, whatever it is. */
  checkBounds(now: number): OperationVerdict {
    if (hasExpired(this.expiresAt, now)) {
      return refuse("LEASE_EXPIRED", `the lease expired at ${this.expiry?.text}; submit again`);
    }
    const empty = this.budget.exhausted();
    if (empty !== undefined) {
      return refuse("BUDGET_EXHAUSTED", `nothing is left of the ${empty} budget; submit with a larger one`);
    }
    return { allowed: true };
  }

  #covers({ namespace, target }: Operation): boolean {
    if (this.lease.covers(namespace, target)) return true;
    // A grant for an agent's name is a grant for all its versions.
    const at = namespace === "agent.delegate" ? target.indexOf("@") : -1;
    return at > 0 && this.lease.covers(namespace, target.slice(0, at));
  }
}

function refuse(code: OperationRefusalCode, message: string): OperationVerdict {
  return { allowed: false, code, message, retryable: false };
}
