import { expect, test } from "vitest";
import { parseAmounts } from "../../src/budgets/amount.ts";
import { BudgetLedger } from "../../src/budgets/budget-ledger.ts";
import { CompiledLease } from "../../src/leases/compiled-lease.ts";
import { effectCheck } from "../../src/leases/effect-check.ts";
import { LeaseGuard } from "../../src/leases/lease-guard.ts";
import type { Lease } from "../../src/messages/lease.ts";

function guardOf(lease: Lease, expiresAt?: number): LeaseGuard {
  return new LeaseGuard(
    CompiledLease.compile(lease),
    new BudgetLedger(parseAmounts(lease["cost.budget"] ?? [])),
    expiresAt === undefined ? undefined : { at: expiresAt, text: "then" },
  );
}

const code = (verdict: { allowed: boolean; code?: string }) => (verdict.allowed ? "allowed" : verdict.code);

test("[9.3-3] expiry, then budget, then pattern", () => {
  const guard = guardOf({ "tool.call": ["a"], "cost.budget": ["USD:1"] }, 100);
  const ask = (target: string, now: number) => code(guard.check({ namespace: "tool.call", target }, now));
  expect(ask("a", 99)).toBe("allowed");
  expect(ask("b", 99)).toBe("PERMISSION_DENIED");
  guard.budget.spend("USD", 1);
  expect(ask("b", 99)).toBe("BUDGET_EXHAUSTED");
  expect(ask("a", 99)).toBe("BUDGET_EXHAUSTED");
  expect(ask("a", 100)).toBe("LEASE_EXPIRED");
});

test("[9.7-1] a host of effects asks by kind and name; ungoverned models are its own decision", async () => {
  const governed = effectCheck(guardOf({ "tool.call": ["refund"], "model.use": ["tier-fast/*"] }));
  const ask = async (
    kind: "tool_call" | "model_call" | "exec_code" | "process",
    name: string,
    check = governed,
  ) => code(await check.check({ kind, name }, 1));
  expect(await ask("tool_call", "refund")).toBe("allowed");
  expect(await ask("tool_call", "drop")).toBe("PERMISSION_DENIED");
  expect(await ask("model_call", "tier-fast/a")).toBe("allowed");
  expect(await ask("model_call", "tier-slow/a")).toBe("PERMISSION_DENIED");
  expect(await ask("exec_code", "python")).toBe("PERMISSION_DENIED");
  const bare = guardOf({ "x-vendor.pawl.exec": ["python"] }, 5);
  expect(await ask("exec_code", "python", effectCheck(bare))).toBe("allowed");
  expect(await ask("model_call", "any", effectCheck(bare))).toBe("allowed");
  expect(await ask("model_call", "any", effectCheck(bare, { requireModelGrant: true }))).toBe(
    "PERMISSION_DENIED",
  );
  expect(code(await effectCheck(bare).check({ kind: "model_call", name: "any" }, 5))).toBe("LEASE_EXPIRED");
});
