import type { ResolveResult } from "@pawl/core/ports";
import { noteNeed } from "../../src/claim-policy.ts";
import { type BrokenStore, pause, replacing } from "./broken-store.ts";

const CHAPTER = "Await-events";
const UNKNOWN: ResolveResult = { status: "unknown_or_revoked" };

/** Faults in what turns wait for: answers that are lost, doubled, too late, or that wake nobody. */
export const BROKEN_AWAITS: readonly BrokenStore[] = [
  {
    fault: "the last resolution wins",
    breaking: (store, { state }) =>
      replacing(store, "awaits", {
        resolve: async (keyId, resolution, by, event) => {
          const known = state.awaits.get(keyId);
          if (known)
            state.awaits.set(keyId, { ...known, terminal: null, resolvedBy: null, resolvedAt: null });
          return store.awaits.resolve(keyId, resolution, by, event);
        },
      }),
    noticedBy: [{ chapter: CHAPTER, case: "D15 the first resolution wins" }],
  },
  {
    fault: "an event is looked at, and then there is time for another resolver",
    breaking: (store, { state }) =>
      replacing(store, "awaits", {
        resolve: async (keyId, resolution, by, event) => {
          const seen = state.awaits.get(keyId);
          await pause();
          const now = state.awaits.get(keyId);
          if (now !== undefined && seen?.terminal == null) {
            state.awaits.set(keyId, { ...now, terminal: null, resolvedBy: null, resolvedAt: null });
          }
          return store.awaits.resolve(keyId, resolution, by, event);
        },
      }),
    noticedBy: [{ chapter: "Law: racing makes one", case: "S17 D15 racing resolvers" }],
  },
  {
    fault: "who comes second is told its own answer",
    breaking: (store) =>
      replacing(store, "awaits", {
        resolve: async (keyId, resolution, by, event) => {
          const result = await store.awaits.resolve(keyId, resolution, by, event);
          if (result.status !== "already_resolved") return result;
          return { ...result, record: { ...result.record, terminal: resolution } };
        },
      }),
    noticedBy: [
      { chapter: CHAPTER, case: "D15 the first resolution wins" },
      { chapter: "Law: racing makes one", case: "S17 D15 racing resolvers" },
    ],
  },
  {
    fault: "an open event is resolved whatever it was taken for",
    breaking: (store) =>
      replacing(store, "awaits", {
        resolveOpen: async (keyId, resolution, by) => {
          const result = await store.awaits.resolve(keyId, resolution, by);
          return result.status === "accepted" ? result.record : undefined;
        },
      }),
    noticedBy: [{ chapter: CHAPTER, case: "D15 what is not as it was taken for" }],
  },
  {
    fault: "what is resolved without a look is resolved again",
    breaking: (store, { state }) =>
      replacing(store, "awaits", {
        resolveOpen: async (keyId, resolution, by, as) => {
          const known = state.awaits.get(keyId);
          if (known)
            state.awaits.set(keyId, { ...known, terminal: null, resolvedBy: null, resolvedAt: null });
          return store.awaits.resolveOpen(keyId, resolution, by, as);
        },
      }),
    noticedBy: [{ chapter: CHAPTER, case: "D15 what is not as it was taken for" }],
  },
  {
    fault:
      "what is resolved without a look was looked at after all, and then there is time for another resolver",
    breaking: (store, { state }) =>
      replacing(store, "awaits", {
        resolveOpen: async (keyId, resolution, by, as) => {
          const seen = state.awaits.get(keyId);
          await pause();
          const now = state.awaits.get(keyId);
          if (now !== undefined && seen?.terminal == null) {
            state.awaits.set(keyId, { ...now, terminal: null, resolvedBy: null, resolvedAt: null });
          }
          return store.awaits.resolveOpen(keyId, resolution, by, as);
        },
      }),
    noticedBy: [{ chapter: "Law: racing makes one", case: "S17 D15 racing resolvers, some without a look" }],
  },
  {
    fault: "keys may be made for what was revoked",
    breaking: (store) => replacing(store, "awaits", { isRevoked: async () => false }),
    noticedBy: [
      { chapter: CHAPTER, case: "a revoked event is unknown from then on" },
      { chapter: CHAPTER, case: "D8 a revoked session's events are unknown for good" },
    ],
  },
  {
    fault: "an answer that comes before the wait is lost",
    breaking: (store) =>
      replacing(store, "awaits", {
        resolve: (keyId, resolution, by) => store.awaits.resolve(keyId, resolution, by),
      }),
    noticedBy: [{ chapter: CHAPTER, case: "D15 a resolution may come before the wait" }],
  },
  {
    fault: "a wait that begins looks, and then there is time for its answer",
    breaking: (store, { state }) =>
      replacing(store, "awaits", {
        register: async (event) => {
          const known = state.awaits.has(event.keyId);
          await pause();
          if (!known) state.awaits.delete(event.keyId);
          return store.awaits.register(event);
        },
      }),
    noticedBy: [{ chapter: "Law: racing makes one", case: "S17 D15 a wait and its answer" }],
  },
  {
    fault: "a deadline starts again when it is registered again",
    breaking: (store, { state }) =>
      replacing(store, "awaits", {
        register: async (event) => {
          const known = state.awaits.get(event.keyId);
          if (known) state.awaits.set(event.keyId, { ...known, dueAt: event.dueAt });
          return store.awaits.register(event);
        },
      }),
    noticedBy: [{ chapter: CHAPTER, case: "S3 D15 registering again" }],
  },
  {
    fault: "an answer is taken after the due time",
    breaking: (store, { state }) =>
      replacing(store, "awaits", {
        resolve: async (keyId, resolution, by, event) => {
          const known = state.awaits.get(keyId);
          if (known) state.awaits.set(keyId, { ...known, dueAt: null });
          const result = await store.awaits.resolve(keyId, resolution, by, event);
          const after = state.awaits.get(keyId);
          if (known && after) state.awaits.set(keyId, { ...after, dueAt: known.dueAt });
          return result;
        },
      }),
    noticedBy: [{ chapter: CHAPTER, case: "D15 past its due time" }],
  },
  {
    fault: "deadlines fire only when somebody looks",
    breaking: (store) =>
      replacing(store, "awaits", { settleDue: async () => ({ settled: 0, nextDueAt: null }) }),
    noticedBy: [
      { chapter: CHAPTER, case: "D15 due events are settled with no waiter alive" },
      { chapter: CHAPTER, case: "D15 a time-out wakes the parked session" },
    ],
  },
  {
    fault: "two sweepers count the same events",
    breaking: (store, { clock }) =>
      replacing(store, "awaits", {
        settleDue: async (limit) => {
          const due = (await store.awaits.pending({ limit: 100 })).filter(
            ({ dueAt }) => dueAt !== null && dueAt <= clock.now(),
          );
          await pause();
          const { nextDueAt } = await store.awaits.settleDue(limit);
          return { settled: Math.min(limit, due.length), nextDueAt };
        },
      }),
    noticedBy: [{ chapter: "Law: racing makes one", case: "S17 D15 racing sweepers" }],
  },
  {
    fault: "an answer is written and nobody is woken",
    breaking: (store, { state }) =>
      replacing(store, "awaits", {
        resolve: async (keyId, resolution, by, event) => {
          const session = state.sessions.get(state.awaits.get(keyId)?.sessionId ?? ("" as never));
          const wakeAt = session?.wakeAt ?? null;
          const result = await store.awaits.resolve(keyId, resolution, by, event);
          if (session) {
            session.wakeAt = wakeAt;
            noteNeed(state, session);
          }
          return result;
        },
      }),
    noticedBy: [
      { chapter: CHAPTER, case: "D15 D16 a resolution wakes the parked session" },
      { chapter: CHAPTER, case: "D16 a resolution between looking and parking" },
    ],
  },
  {
    fault: "the session is marked long before the answer is there",
    breaking: (store, { state }) =>
      replacing(store, "awaits", {
        resolve: async (keyId, resolution, by, event) => {
          const session = state.sessions.get(state.awaits.get(keyId)?.sessionId ?? ("" as never));
          const result = await store.awaits.resolve(keyId, resolution, by, event);
          const after = state.awaits.get(keyId);
          if (session && after && result.status === "accepted") {
            state.awaits.set(keyId, { ...after, terminal: null });
            setTimeout(() => state.awaits.set(keyId, after), 20);
          }
          return result;
        },
      }),
    noticedBy: [{ chapter: CHAPTER, case: "D15 D16 a resolution wakes the parked session" }],
  },
  {
    fault: "every resolver wakes, also who comes second",
    breaking: (store, { state, clock }) =>
      replacing(store, "awaits", {
        resolve: async (keyId, resolution, by, event) => {
          const result = await store.awaits.resolve(keyId, resolution, by, event);
          const session = state.sessions.get(state.awaits.get(keyId)?.sessionId ?? ("" as never));
          if (session) {
            session.wakeAt = clock.now();
            noteNeed(state, session);
          }
          return result;
        },
      }),
    noticedBy: [{ chapter: CHAPTER, case: "D15 who comes second wakes nobody" }],
  },
  {
    fault: "a revoked key works again once it is registered",
    breaking: (store, { state }) =>
      replacing(store, "awaits", {
        register: async (event) => {
          state.revokedKeys.delete(event.keyId);
          return store.awaits.register(event);
        },
      }),
    noticedBy: [{ chapter: CHAPTER, case: "a revoked event is unknown" }],
  },
  {
    fault: "revoking a session revokes only what it has now",
    breaking: (store, { state }) =>
      replacing(store, "awaits", {
        revokeSession: async (sessionId) => {
          for (const record of state.awaits.values()) {
            if (record.sessionId === sessionId) state.revokedKeys.add(record.keyId);
          }
        },
      }),
    noticedBy: [{ chapter: CHAPTER, case: "D8 a revoked session's events" }],
  },
  {
    fault: "a revocation leaves those who wait asleep",
    breaking: (store, { state }) =>
      replacing(store, "awaits", {
        revoke: async (keyId) => void state.revokedKeys.add(keyId),
        revokeSession: async (sessionId) => void state.revokedSessions.add(sessionId),
      }),
    noticedBy: [{ chapter: CHAPTER, case: "D16 a revocation wakes who waits" }],
  },
  {
    fault: "a turn that ended still waits",
    breaking: (store, { state }) =>
      replacing(store, "sessions", {
        commit: (fence, boundary) => {
          state.awaitsOfTurn.clear();
          return store.sessions.commit(fence, boundary);
        },
      }),
    noticedBy: [{ chapter: CHAPTER, case: "D15 the end of a turn settles" }],
  },
  {
    fault: "revocations are told apart from what never was",
    breaking: (store, { state }) =>
      replacing(store, "awaits", {
        resolve: async (keyId, resolution, by, event) => {
          if (!state.revokedKeys.has(keyId)) return store.awaits.resolve(keyId, resolution, by, event);
          return { ...UNKNOWN, revoked: true } as ResolveResult;
        },
      }),
    noticedBy: [{ chapter: CHAPTER, case: "a revoked event is unknown" }],
  },
  {
    fault: "answers that an open turn has still to read are pruned",
    breaking: (store, { state }) =>
      replacing(store, "awaits", {
        prune: async (before, limit) => {
          const old = [...state.awaits.values()].filter((one) => (one.resolvedAt ?? before) < before);
          for (const { keyId } of old.slice(0, limit)) state.awaits.delete(keyId);
          return Math.min(limit, old.length);
        },
      }),
    noticedBy: [{ chapter: CHAPTER, case: "resolved events are pruned" }],
  },
  {
    fault: "nobody is told of resolutions",
    breaking: (store) => replacing(store, "awaits", { onResolved: () => () => {} }),
    noticedBy: [{ chapter: CHAPTER, case: "D10 a resolution and a revocation hint" }],
  },
];
