import { type Amounts, parseAmounts } from "../budgets/amount.ts";
import { BudgetLedger } from "../budgets/budget-ledger.ts";
import { ArcpError } from "../errors.ts";
import type { Lease, LeaseConstraints } from "../messages/lease.ts";
import { CompiledLease } from "./compiled-lease.ts";
import { parseExpiry } from "./lease-expiry.ts";
import { LeaseGuard } from "./lease-guard.ts";

/**
 * The authority of a delegated job (section 9.4), carved out of its parent's: no grant that the parent lacks, no
 * later expiry, and a budget that leaves the parent when it enters the child. Throws LEASE_SUBSET_VIOLATION or
 * INVALID_REQUEST; then nothing has moved.
 */
export function delegateAuthority(
  parent: LeaseGuard,
  request: Lease,
  constraints: LeaseConstraints | null | undefined,
  now: number,
): LeaseGuard {
  const lease = CompiledLease.compile(request);
  const uncovered = parent.lease.uncoveredGrant(lease);
  if (uncovered !== undefined) {
    throw violation(`the parent's lease does not cover ${uncovered}`);
  }
  const asked = parseExpiry(constraints, now);
  if (asked !== undefined && parent.expiresAt !== undefined && asked.at > parent.expiresAt) {
    throw violation("the delegated lease would expire after the parent's");
  }
  const amounts: Amounts = parseAmounts(request["cost.budget"] ?? []);
  const short = parent.budget.reserve(amounts);
  if (short !== undefined) throw violation(`the parent has less ${short} left than the delegated budget`);
  return new LeaseGuard(lease, new BudgetLedger(amounts, parent.budget), asked ?? parent.expiry);
}

function violation(message: string): ArcpError {
  return new ArcpError("LEASE_SUBSET_VIOLATION", message);
}
