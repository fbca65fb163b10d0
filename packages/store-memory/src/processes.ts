import { isEnteredAtClaim, PawlError, planProcessAppend, processId, tellsOthers } from "@pawl/core";
import type {
  ClaimRegistered,
  NodeLease,
  ProcessAppended,
  ProcessClaim,
  Processes,
  ProcessFence,
} from "@pawl/core/ports";
import { earliest, noteNeed } from "./claim-policy.ts";
import type { MemoryContext } from "./context.ts";
import { conflict, fenced } from "./errors.ts";
import { holdNode, ownsNode } from "./fence.ts";
import { frozenCopy } from "./frozen-copy.ts";
import type { MemoryState, ProcessRow } from "./memory-state.ts";
import type { Sections } from "./sections.ts";

export function processSections({ state, hints, now, digest }: MemoryContext): Sections<Processes> {
  /** The row, if this fence still holds it. @throws PawlError `store_fenced` */
  function hold(fence: ProcessFence, at: number): ProcessRow {
    const { nodeId, generation } = holdNode(state, fence.node, at);
    const row = state.processes.get(fence.processId);
    const holds = row?.owner?.nodeId === nodeId && row.owner.generation === generation;
    if (row === undefined || !holds || row.epoch !== fence.epoch) throw fenced(fence.processId);
    return row;
  }

  /** The row is this node's from now on. */
  function take(
    row: ProcessRow,
    lease: NodeLease,
    at: number,
    { names, maxStartsInARow }: { readonly names: readonly string[]; readonly maxStartsInARow: number },
  ): ProcessClaim {
    const owner = Object.freeze({ nodeId: lease.nodeId, generation: lease.generation });
    const { processId } = row.record.registration;
    row.owner = owner;
    row.epoch += 1;
    row.notBefore = 0;
    const fence: ProcessFence = Object.freeze({ node: lease, processId, epoch: row.epoch });
    const entered = isEnteredAtClaim(row.record, names, maxStartsInARow);
    if (entered) {
      const body = { type: "started", attempt: row.record.attempts + 1, owner } as const;
      const plan = planProcessAppend(processId, row.record, [body], owner, at);
      if (plan.type !== "append") throw new RangeError("What is entered at a claim can be entered.");
      row.record = frozenCopy(plan.record, "The background task");
      row.events.push(...frozenCopy(plan.events, "The event"));
    }
    return Object.freeze({ fence, record: row.record, entered });
  }

  /** It holds, goes on, and has nothing else to do first. */
  function hasRoomFor({ lease, names }: ClaimRegistered, at: number): boolean {
    const node = state.nodes.get(lease.nodeId);
    if (!ownsNode(node, lease) || node.expiresAt <= at || node.paused) return false;
    for (const row of state.processes.values()) if (isClaimable(state, row, names, at)) return false;
    return true;
  }

  return {
    append(given): ProcessAppended {
      const id = processId(given.processId);
      const { bodies, key } = frozenCopy({ bodies: given.bodies, key: given.key }, "The event");
      const asked = digest(bodies);
      const known = state.processes.get(id);
      const first = known?.keys.get(key);
      if (known !== undefined && first !== undefined) {
        if (first.digest === asked)
          return { record: known.record, events: [...first.events], duplicate: true };
        throw conflict("This key was used for other events of the background task: use a new key.");
      }
      const at = now();
      const { fence } = given;
      if (fence !== undefined && hold(fence, at) !== known) throw fenced(id);
      const plan = planProcessAppend(
        id,
        known?.record ?? null,
        bodies,
        known?.owner && fence ? known.owner : null,
        at,
      );
      if (plan.type === "refuse") throw new PawlError(plan.code, plan.message);
      if (plan.type === "nothing") return { record: plan.record, events: [], duplicate: false };

      const record = frozenCopy(plan.record, "The background task");
      const events = frozenCopy(plan.events, "The event");
      const { claim } = given;
      const isTaken =
        known === undefined &&
        claim !== undefined &&
        isEnteredAtClaim(record, claim.names, 1) &&
        hasRoomFor(claim, at);
      const row: ProcessRow = known ?? {
        record,
        events: [],
        keys: new Map(),
        owner: null,
        epoch: 0,
        notBefore: 0,
      };
      row.record = record;
      row.events.push(...events);
      row.keys.set(key, { digest: asked, events });
      state.processes.set(id, row);
      if (isTaken) {
        const taken = take(row, claim.lease, at, { names: claim.names, maxStartsInARow: 1 });
        return { record: row.record, events: [...events], duplicate: false, claim: taken };
      }
      if (events.some(({ body }) => tellsOthers(body))) hints.changed(id, record);
      const { wake } = record.registration;
      const session = plan.wakes && wake !== null ? state.sessions.get(wake.sessionId) : undefined;
      if (session !== undefined) {
        session.wakeAt = earliest(session.wakeAt, at);
        noteNeed(state, session);
        hints.work(session.sessionId);
      }
      return { record, events: [...events], duplicate: false };
    },

    load(id) {
      return state.processes.get(id)?.record ?? null;
    },

    events(id, { after = 0, limit = Number.POSITIVE_INFINITY } = {}) {
      return state.processes.get(id)?.events.slice(after, after + limit) ?? [];
    },

    list({ sessionId, live, after, limit }) {
      return [...state.processes]
        .filter(
          ([id, { record }]) =>
            (!live || record.end === null) &&
            (after === undefined || id > after) &&
            (sessionId === undefined || record.grants.includes(sessionId)),
        )
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .slice(0, Math.max(0, limit))
        .map(([, { record }]) => record);
    },

    claim(lease, { names, limit, enter }) {
      const at = now();
      const claims: ProcessClaim[] = [];
      if (holdNode(state, lease, at).paused) return claims;
      const maxStartsInARow = enter?.maxStartsInARow ?? 0;
      for (const row of state.processes.values()) {
        if (claims.length >= limit) break;
        if (isClaimable(state, row, names, at)) claims.push(take(row, lease, at, { names, maxStartsInARow }));
      }
      return claims;
    },

    release(fence, { delayMs = 0 } = {}) {
      const at = now();
      const row = state.processes.get(fence.processId);
      if (row?.owner === null && row.epoch === fence.epoch) {
        holdNode(state, fence.node, at);
        return;
      }
      const held = hold(fence, at);
      held.owner = null;
      held.notBefore = at + delayMs;
      hints.changed(fence.processId, held.record);
    },

    onChange: (listener) => hints.onChange(listener),
  };
}

function isClaimable(state: MemoryState, row: ProcessRow, names: readonly string[], at: number): boolean {
  const { registration, end, owner } = row.record;
  if (end !== null || registration.disposition === "external" || row.notBefore > at) return false;
  if (row.owner !== null) {
    const node = state.nodes.get(row.owner.nodeId);
    const lives = node?.generation === row.owner.generation && node.nonce !== null && node.expiresAt > at;
    if (lives) return false;
  }
  // Any node can say of an owner-bound one that its owner is gone.
  return names.includes(registration.name) || (registration.disposition === "owner_bound" && owner !== null);
}
