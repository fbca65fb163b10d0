import { inputId, inputPolicy, PawlError, sessionId, tombstoneOf, turnIdOfInput } from "@pawl/core";
import type { Accepted, ClaimWithInput, Inbox, InputRecord, NewInput, NodeLease } from "@pawl/core/ports";
import { claimableAt, earliest, inputDueAt, nextInput, noteNeed, steeringInputs } from "./claim-policy.ts";
import type { MemoryContext } from "./context.ts";
import { conflict, sessionErased } from "./errors.ts";
import { holdSession, ownsNode } from "./fence.ts";
import { frozenCopy, storableKey } from "./frozen-copy.ts";
import { applyUpsert, checkAccepting, ledgerEntry, planUpsert } from "./input-ledger.ts";
import { addInput, changeInput } from "./input-rows.ts";
import { checkNewRow, checkRows } from "./log-rows.ts";
import { type MemoryState, type NodeRow, newSession, type SessionRow, touch } from "./memory-state.ts";
import type { Sections } from "./sections.ts";
import { takeSession } from "./take-session.ts";

export function inboxSections(context: MemoryContext): Sections<Inbox> {
  const { state, hints, now } = context;

  return {
    accept(given, options) {
      if (options?.tx !== undefined) {
        throw new PawlError(
          "tx_unsupported",
          "A memory store has no transactions of its caller's: leave `tx` out.",
        );
      }
      return acceptInput(context, given, options?.claim);
    },

    next(fence) {
      const at = now();
      const session = holdSession(state, fence, at);
      return nextInput(state, session, at);
    },

    checkpoint(fence, turnId, build, before = []) {
      const at = now();
      const session = holdSession(state, fence, at);
      if (session.openTurn?.turnId !== turnId) {
        throw conflict(`Turn "${turnId}" is not the open turn of "${fence.sessionId}" (D8).`);
      }
      const fresh = checkRows(session, fence, turnId, before);
      session.log.push(...fresh);
      if (fresh.length > 0) hints.appended(session.sessionId);
      // Frozen, since `build` gets it too.
      const claimed = Object.freeze(
        steeringInputs(state, session, at).map(
          (input): InputRecord => Object.freeze({ ...input, state: "staged", turnId }),
        ),
      );
      const written = checkNewRow(session, fence, turnId, build(claimed));

      for (const input of claimed) changeInput(state, session, input, at);
      session.log.push(written);
      hints.appended(session.sessionId);
      return { inputs: claimed, row: written.row };
    },

    isInterrupted(id) {
      const session = state.sessions.get(id);
      if (session === undefined) return false;
      return steeringInputs(state, session, now()).some(({ delivery }) => delivery === "interrupt");
    },

    loadInputStates(id) {
      return (state.sessions.get(id)?.inputs ?? []).map((input) => ledgerEntry(state, input));
    },

    loadInputState(id) {
      const input = state.inputs.get(id);
      return input === undefined ? null : ledgerEntry(state, input);
    },

    persistInputState(given, { fence } = {}) {
      const at = now();
      if (fence !== undefined) holdSession(state, fence, at);
      const held = fence?.sessionId === given.sessionId;
      return applyUpsert(context, planUpsert(context, given, held), at);
    },

    load(id) {
      return state.inputs.get(id) ?? null;
    },

    list(id) {
      return [...(state.sessions.get(id)?.inputs ?? [])];
    },
  };
}

/** Everything that can fail comes before the first change. Throws as `Inbox.accept`. */
export function acceptInput(
  { state, hints, now, digest, bytesDigest }: MemoryContext,
  given: NewInput,
  claimWith?: ClaimWithInput,
): Accepted {
  sessionId(given.sessionId);
  inputId(given.inputId);
  const input = frozenCopy(pick(given), "The input");
  if (input.idempotencyKey !== undefined) storableKey(input.idempotencyKey, "The idempotency key");
  const contentDigest = digest({ content: input.content, delivery: input.delivery });
  const known = state.sessions.get(input.sessionId);

  const earlier = input.idempotencyKey === undefined ? undefined : known?.keys.get(input.idempotencyKey);
  if (earlier !== undefined) {
    const first = state.inputs.get(earlier)!;
    if (state.ledger.get(earlier)!.givenDigest === contentDigest) return { input: first, duplicate: true };
    throw conflict("This idempotency key was used for other content: use a new key for a new input.");
  }
  if (state.erased.has(tombstoneOf("session", input.sessionId, bytesDigest))) {
    throw sessionErased(input.sessionId);
  }
  const isTaken =
    state.inputs.has(input.inputId) || state.tombstones.has(tombstoneOf("input", input.inputId, bytesDigest));
  if (isTaken) throw conflict(`Input id "${input.inputId}" is taken.`);
  if (known !== undefined) checkAccepting(known);

  const acceptedAt = now();
  const wasIdle = known === undefined || isIdle(known);
  const session = known ?? newSession(state, input.sessionId, acceptedAt);
  const { queue, ...own } = input;
  const replaced = queue === undefined ? [] : replacedBy(state, session, input);
  const isJoined = queue?.mode === "coalesce" && replaced.length > 0;
  const parts = isJoined ? [...replaced, input].flatMap(({ content }) => content.parts) : own.content.parts;
  const content = isJoined ? Object.freeze({ ...own.content, parts: Object.freeze(parts) }) : own.content;
  const ids = replaced.map(({ inputId }) => inputId);
  const record: InputRecord = Object.freeze({
    ...own,
    content,
    position: session.inputs.length + 1,
    state: "queued",
    turnId: input.delivery === "next" ? turnIdOfInput(input.inputId) : null,
    digest: isJoined ? digest({ content, delivery: input.delivery }) : contentDigest,
    acceptedAt,
    lastRunId: null,
    lastBoundarySequence: null,
  });
  addInput(state, session, record, {
    policy: Object.freeze(inputPolicy(record.delivery, queue?.mode)),
    outcome: null,
    durability: "durable",
    attempts: 0,
    recoveries: 0,
    history: Object.freeze([]),
    source: isJoined ? Object.freeze({ type: "coalescing", inputs: Object.freeze(ids) }) : null,
    updatedAt: acceptedAt,
    queueKey: queue?.key ?? null,
    givenDigest: contentDigest,
  });
  for (const before of replaced) {
    const { inputId: by } = record;
    const ended =
      queue?.mode === "coalesce"
        ? ({ type: "coalesced", into: by } as const)
        : ({ type: "superseded", by } as const);
    const facts = { outcome: Object.freeze(ended) };
    changeInput(state, session, Object.freeze({ ...before, state: ended.type }), acceptedAt, facts);
  }
  // An interrupt must reach a turn that is parked, or about to be (D16). A steer waits.
  if (record.delivery === "interrupt") {
    session.wakeAt = earliest(session.wakeAt, inputDueAt(state, record.inputId).at);
  }
  touch(state, session);
  noteNeed(state, session);
  const isNow = record.delivery === "next" && record.at === undefined && queue === undefined;
  const node = claimWith && state.nodes.get(claimWith.lease.nodeId);
  if (wasIdle && isNow && claimWith && node && drivesNew(state, session, node, claimWith.lease, acceptedAt)) {
    claimWith.taken(takeSession(state, session, node, claimWith.lease, acceptedAt));
    return { input: record, duplicate: false };
  }
  hints.work(session.sessionId);
  return { input: record, duplicate: false };
}

/** Nothing is to be done in it, and its last claim ended in good order. */
function isIdle(session: SessionRow): boolean {
  const { queued, openTurn, wakeAt, blocked, claimedHead, attempts } = session;
  const isFree = openTurn === null && wakeAt === null && blocked === null && queued.length === 0;
  return isFree && claimedHead === null && attempts === 0;
}

function drivesNew(
  state: MemoryState,
  session: SessionRow,
  node: NodeRow,
  lease: NodeLease,
  at: number,
): boolean {
  const since = claimableAt(state, session);
  return ownsNode(node, lease) && node.expiresAt > at && !node.paused && since !== null && since <= at;
}

/** Queued inputs whose place this one takes, in order. */
function replacedBy(
  state: MemoryState,
  session: SessionRow,
  { queue, delivery }: NewInput,
): readonly InputRecord[] {
  return session.queued
    .filter((id) => {
      const { queueKey, policy } = state.ledger.get(id)!;
      return queueKey === queue?.key && policy.queue === queue.mode;
    })
    .map((id) => state.inputs.get(id)!)
    .filter((input) => input.delivery === delivery);
}

/** The fields of an input and no others: a caller may hand in something larger. */
function pick(input: NewInput): NewInput {
  const { inputId, sessionId, content, delivery, idempotencyKey, at, queue } = input;
  return {
    inputId,
    sessionId,
    content,
    delivery,
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    ...(at !== undefined && { at }),
    ...(queue !== undefined && {
      queue: { mode: queue.mode, key: storableKey(queue.key, "The key of a queue") },
    }),
  };
}
