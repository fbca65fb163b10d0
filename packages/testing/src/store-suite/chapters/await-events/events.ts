import { type Resolution, type ResolvedBy, sessionId } from "@pawl/core";
import type { NewAwaitEvent } from "@pawl/core/ports";
import { newAwaitEvent } from "../../fixtures.ts";
import type { StoreTest } from "../../store-test.ts";

export const S1 = sessionId("s1");
export const YES: Resolution = { status: "ok", payload: { decision: "approve", note: "ünïcödé 🐢" } };
export const NO: Resolution = { status: "ok", payload: { decision: "deny" } };
export const TIMEOUT: Resolution = { status: "timeout" };
export const BY: ResolvedBy = { name: "ana", via: "key", note: { from: "phone" } };
export const SWEEPER: ResolvedBy = { name: "deadline", via: "sweeper" };

let probes = 0;
/** The store's time, which every new event shows. */
export async function now(t: StoreTest): Promise<number> {
  probes += 1;
  const probe = await t.store.awaits.register(newAwaitEvent(`probe_${probes}`, null));
  return probe!.createdAt;
}

export function passed(t: StoreTest, at: number): Promise<true> {
  return t.until("the time has passed", async () => ((await now(t)) >= at ? true : undefined));
}

export async function register(t: StoreTest, keyId: string, session: string | null = "s1", dueAt?: number) {
  const event = newAwaitEvent(keyId, session, dueAt === undefined ? {} : { dueAt });
  const record = await t.store.awaits.register(event);
  t.expect(record?.keyId, `"${keyId}" must be registered`).toBe(keyId);
  return record!;
}

export function facts({ keyId, scope, wait, sessionId, turnId, dueAt, info }: NewAwaitEvent): NewAwaitEvent {
  return { keyId, scope, wait, sessionId, turnId, dueAt, info };
}
