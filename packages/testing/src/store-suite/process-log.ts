import {
  foldProcess,
  type ProcessEventBody,
  type ProcessOwner,
  type ProcessRegistration,
  processId,
  sessionId,
} from "@pawl/core";
import type { NodeLease, ProcessClaim } from "@pawl/core/ports";
import { newProcess } from "./fixtures.ts";
import type { StoreTest } from "./store-test.ts";

/** Of which most cases tell, and the sessions that see it. */
export const P1 = processId("p1");
export const [S1, S2] = [sessionId("s1"), sessionId("s2")];
export const FAR = { type: "progress", value: { done: 1 }, wake: false } as const;

/** Appends, and sees to it that the record is the fold of the whole log. */
export async function append(
  t: StoreTest,
  key: string,
  bodies: readonly ProcessEventBody[],
  more: { readonly claim?: ProcessClaim | undefined; readonly id?: string } = {},
) {
  const id = processId(more.id ?? "p1");
  const { claim } = more;
  const appended = await t.store.processes.append({
    processId: id,
    key,
    bodies,
    ...(claim && { fence: claim.fence }),
  });
  const log = await t.store.processes.events(id);
  t.expect(appended.record, "the record is the fold of the log").toEqual(foldProcess(log));
  t.expect(await t.store.processes.load(id)).toEqual(appended.record);
  t.expect(log.map(({ seq }) => seq)).toEqual(log.map((_, index) => index + 1));
  return appended;
}

export function register(t: StoreTest, id = "p1", more: Partial<ProcessRegistration> = {}) {
  const registration = newProcess(id, more);
  return append(
    t,
    "start",
    [
      { type: "registered", registration },
      { type: "grant_added", sessionId: S1 },
    ],
    {
      id,
    },
  );
}

export const ownerOf = ({ fence }: ProcessClaim): ProcessOwner => ({
  nodeId: fence.node.nodeId,
  generation: fence.node.generation,
});

export const started = (claim: ProcessClaim): ProcessEventBody => ({
  type: "started",
  attempt: 1,
  owner: ownerOf(claim),
});

export async function claimOne(t: StoreTest, lease: NodeLease, names = ["import"]): Promise<ProcessClaim> {
  const claims = await t.store.processes.claim(lease, { names, limit: 10 });
  t.expect(claims.length, "one must be claimable").toBe(1);
  return claims[0]!;
}
