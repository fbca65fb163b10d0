import { noteNeed } from "../../src/claim-policy.ts";
import { holdSession } from "../../src/fence.ts";
import { type BrokenStore, pause, replacing } from "./broken-store.ts";

/** Faults in who may write, who is sent where, and when. */
export const BROKEN_OWNERSHIP: readonly BrokenStore[] = [
  {
    fault: "a session is claimed twice",
    breaking: (store, { state }) =>
      replacing(store, "leases", {
        claim: (lease, request) => {
          for (const session of state.sessions.values()) {
            session.owner = null;
            noteNeed(state, session);
          }
          return store.leases.claim(lease, request);
        },
      }),
    noticedBy: [
      { chapter: "Leases", case: "a claim is of what needs work, once" },
      { chapter: "Law: racing makes one", case: "S17 every session is claimed once" },
    ],
  },
  {
    fault: "an input takes its session from its holder",
    breaking: (store, { state }) =>
      replacing(store, "inbox", {
        accept: async (input, options) => {
          const session = state.sessions.get(input.sessionId);
          if (options?.claim !== undefined && session !== undefined) {
            Object.assign(session, { owner: null, openTurn: null, claimedHead: null });
            session.queued.length = 0;
          }
          return store.inbox.accept(input, options);
        },
      }),
    noticedBy: [
      { chapter: "Claimed inputs", case: "what waits in a session comes first" },
      { chapter: "Claimed inputs", case: "nor is it claimed from another holder" },
    ],
  },
  {
    fault: "an input is never claimed with it",
    breaking: (store) => replacing(store, "inbox", { accept: (input) => store.inbox.accept(input) }),
    noticedBy: [{ chapter: "Claimed inputs", case: "an input that is all there is to do" }],
  },
  {
    fault: "a pause is not durable: the next claim forgets it",
    breaking: (store, { state }) =>
      replacing(store, "leases", {
        claim: (lease, request) => {
          for (const session of state.sessions.values()) {
            session.paused = false;
            noteNeed(state, session);
          }
          return store.leases.claim(lease, request);
        },
      }),
    noticedBy: [{ chapter: "Leases", case: "a paused session is claimed by nobody" }],
  },
  {
    fault: "the pause of a node is forgotten by its next claim",
    breaking: (store, { state }) =>
      replacing(store, "leases", {
        claim: (lease, request) => {
          for (const node of state.nodes.values()) node.paused = false;
          return store.leases.claim(lease, request);
        },
      }),
    noticedBy: [{ chapter: "Leases", case: "a paused node claims nothing" }],
  },
  {
    fault: "a node that is opened anew stays paused",
    breaking: (store, { state }) =>
      replacing(store, "leases", {
        openNode: async (id, options) => {
          const paused = state.nodes.get(id)?.paused ?? false;
          const lease = await store.leases.openNode(id, options);
          const node = state.nodes.get(id);
          if (node !== undefined) node.paused = paused;
          return lease;
        },
      }),
    noticedBy: [{ chapter: "Leases", case: "a paused node claims nothing" }],
  },
  {
    fault: "the fence only reads: it is checked, and then there is time for a take-over",
    breaking: (store, { state, clock }) =>
      replacing(store, "log", {
        append: async (fence, rows) => {
          const session = holdSession(state, fence, clock.now());
          await pause();
          for (const row of rows) session.log.push({ row, writer: "late" });
        },
      }),
    noticedBy: [
      { chapter: "Law: a superseded writer writes nothing", case: "S15 D1 a take-over and a write" },
    ],
  },
  {
    fault: "the commit's fence only reads",
    breaking: (store, { state, clock }) =>
      replacing(store, "sessions", {
        commit: async (fence, boundary) => {
          const session = holdSession(state, fence, clock.now());
          await pause();
          const node = state.nodes.get(fence.node.nodeId)!;
          const { owner, epoch } = session;
          const { generation, nonce } = node;
          Object.assign(session, { owner: node, epoch: fence.epoch });
          Object.assign(node, fence.node);
          const result = store.sessions.commit(fence, boundary);
          await result.finally(() => {
            Object.assign(session, { owner, epoch });
            Object.assign(node, { generation, nonce });
          });
          return result;
        },
      }),
    noticedBy: [
      { chapter: "Law: a superseded writer writes nothing", case: "S15 D1 a take-over and a commit" },
    ],
  },
  {
    fault: "the fence looks at the generation and not at the nonce",
    breaking: (store, { state }) =>
      replacing(store, "log", {
        append: (fence, rows) => {
          const nonce = state.nodes.get(fence.node.nodeId)?.nonce ?? "";
          return store.log.append({ ...fence, node: { ...fence.node, nonce } }, rows);
        },
      }),
    noticedBy: [
      {
        chapter: "Law: a superseded writer writes nothing",
        case: "S15 D1 a holder with the right generation and another nonce",
      },
    ],
  },
  {
    fault: "the next input is told to whoever asks",
    breaking: (store, { state }) =>
      replacing(store, "inbox", {
        next: async (fence) => {
          const session = state.sessions.get(fence.sessionId);
          return state.inputs.get(session?.queued[0] as never) ?? null;
        },
      }),
    noticedBy: [
      { chapter: "Law: a superseded writer writes nothing", case: "S15 D1 a holder whose node was closed" },
      { chapter: "The inbox", case: "next is the oldest queued input" },
    ],
  },
  {
    fault: "a lost lease can be renewed",
    breaking: (store) => replacing(store, "leases", { renewNode: async () => {} }),
    noticedBy: [{ chapter: "Leases", case: "D1 a lease that runs out" }],
  },
  {
    fault: "claims are not counted",
    breaking: (store) =>
      replacing(store, "leases", {
        claim: async (lease, request) => {
          const claims = await store.leases.claim(lease, request);
          return claims.map((claim) => ({ ...claim, attempts: 0 }));
        },
      }),
    noticedBy: [
      { chapter: "Attempts", case: "D17 deaths that leave no trace" },
      { chapter: "Law: everything ends", case: "S24 D17 every accepted input" },
    ],
  },
  {
    fault: "waiting counts as failing",
    breaking: (store, { state }) =>
      replacing(store, "leases", {
        release: async (fence, how) => {
          const session = state.sessions.get(fence.sessionId)!;
          const { attempts, claimedHead } = session;
          const left = await store.leases.release(fence, how);
          Object.assign(session, { attempts, claimedHead });
          return left;
        },
      }),
    noticedBy: [{ chapter: "Attempts", case: "D17 waiting is no failure" }],
  },
  {
    fault: "a park does not look at the wake mark",
    breaking: (store, { state }) =>
      replacing(store, "leases", {
        release: (fence, how) => {
          const session = state.sessions.get(fence.sessionId);
          if (session && how.type === "park") session.wakeAt = null;
          return store.leases.release(fence, how);
        },
      }),
    noticedBy: [{ chapter: "Waiting", case: "D16 a wake between looking and parking" }],
  },
  {
    fault: "a claim clears the wake and leaves the session parked",
    breaking: (store, { state }) =>
      replacing(store, "leases", {
        claim: async (lease, request) => {
          const parked = [...state.sessions.values()].filter((session) => session.parked);
          const claims = await store.leases.claim(lease, request);
          for (const session of parked) session.parked = true;
          return claims;
        },
      }),
    noticedBy: [{ chapter: "Waiting", case: "D16 who dies right after the claim" }],
  },
  {
    fault: "a retired session takes inputs",
    breaking: (store, { state }) =>
      replacing(store, "inbox", {
        accept: async (input, options) => {
          const session = state.sessions.get(input.sessionId);
          const runtimeState = session?.runtimeState;
          if (session) session.runtimeState = "idle";
          const accepted = await store.inbox.accept(input, options);
          Object.assign(session ?? {}, { runtimeState });
          return accepted;
        },
      }),
    noticedBy: [{ chapter: "Runtime states", case: "a retired session takes no inputs" }],
  },
];
