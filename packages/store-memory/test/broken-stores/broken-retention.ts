import { sessionId } from "@pawl/core";
import type { Store } from "@pawl/core/ports";
import { type BrokenStore, replacing } from "./broken-store.ts";

const PRUNING = "Pruning";
const ERASURE = "Erasure";

/** Faults in retention and erasure: too much deleted, too little, and ids that come back. */
export const BROKEN_RETENTION: readonly BrokenStore[] = [
  {
    fault: "pruning deletes the log of a turn without a trace",
    breaking: (store, { state }) =>
      replacing(store, "retention", {
        prune: async (request) => {
          const count = await store.retention.prune(request);
          for (const { log } of state.sessions.values()) {
            for (const [index, written] of log.entries()) {
              if (written?.row.body.kind === "pruned") log[index] = null;
            }
          }
          return count;
        },
      }),
    noticedBy: [
      { chapter: PRUNING, case: "D24 streamed text of a turn that ended" },
      { chapter: PRUNING, case: "D8 the log of a turn that ended" },
    ],
  },
  {
    fault: "pruning takes the rows of open turns along",
    breaking: (store, { state }) =>
      replacing(store, "retention", {
        prune: async (request) => {
          const count = await store.retention.prune(request);
          for (const { log, openTurn } of state.sessions.values()) {
            if (openTurn !== null) for (const index of log.keys()) log[index] = null;
          }
          return count;
        },
      }),
    noticedBy: [{ chapter: PRUNING, case: "D8 an open turn loses nothing" }],
  },
  {
    fault: "pruning knows of no forks",
    breaking: (store) =>
      replacing(store, "sessions", {
        beginTurn: (fence, turn) => {
          const { body } = turn.row;
          if (body.kind !== "machine_input" || body.turn === undefined)
            return store.sessions.beginTurn(fence, turn);
          const { forkOf: _forgotten, ...rest } = body.turn;
          return store.sessions.beginTurn(fence, {
            ...turn,
            row: { ...turn.row, body: { ...body, turn: rest } },
          });
        },
      }),
    noticedBy: [{ chapter: PRUNING, case: "D8 the source of a fork" }],
  },
  {
    fault: "pruning has no bound",
    breaking: (store) =>
      replacing(store, "retention", {
        prune: (request) => store.retention.prune({ ...request, limit: 1_000_000 }),
      }),
    noticedBy: [{ chapter: PRUNING, case: "batches are bounded" }],
  },
  {
    fault: "pruning looks at no age",
    breaking: (store) =>
      replacing(store, "retention", {
        prune: (request) => store.retention.prune({ ...request, before: Date.UTC(2200, 0, 1) }),
      }),
    noticedBy: [{ chapter: PRUNING, case: "batches are bounded" }],
  },
  {
    fault: "attachments that a message names are pruned",
    breaking: (store, { state }) =>
      replacing(store, "retention", {
        prune: async (request) => {
          const count = await store.retention.prune(request);
          if (request.kind === "attachments") state.attachments.clear();
          return count;
        },
      }),
    noticedBy: [{ chapter: PRUNING, case: "attachments: what a log" }],
  },
  {
    fault: "an erased session may begin anew",
    breaking: (store, { state }) =>
      replacing(store, "retention", {
        erase: async (id, options) => {
          const step = await store.retention.erase(id, options);
          if (step.status === "erased") state.erased.clear();
          return step;
        },
      }),
    noticedBy: [
      { chapter: ERASURE, case: "D8 its id, and those of its inputs" },
      { chapter: ERASURE, case: "its keys are revoked" },
    ],
  },
  {
    fault: "inputs of an erased session may be used elsewhere",
    breaking: (store, { state }) =>
      replacing(store, "retention", {
        erase: async (id, options) => {
          const step = await store.retention.erase(id, options);
          state.tombstones.clear();
          return step;
        },
      }),
    noticedBy: [{ chapter: ERASURE, case: "D8 its id, and those of its inputs" }],
  },
  {
    fault: "erasing forgets the chain",
    breaking: (store) =>
      replacing(store, "retention", {
        erased: async (id) => {
          const erased = await store.retention.erased(id);
          return erased && { ...erased, chain: [] };
        },
      }),
    noticedBy: [{ chapter: ERASURE, case: "D8 D21 the digests of its receipts" }],
  },
  {
    fault: "erasing leaves the waits",
    breaking: (store, { state }) =>
      replacing(store, "retention", {
        erase: async (id, options) => {
          const kept = [...state.awaits];
          const step = await store.retention.erase(id, options);
          for (const [key, record] of kept) state.awaits.set(key, record);
          if (step.status === "erased") state.erased.delete([...state.erased.keys()].at(-1) ?? "");
          return step;
        },
      }),
    noticedBy: [{ chapter: ERASURE, case: "everything of it is gone" }],
  },
  {
    fault: "erasing takes a session out of the hands of its holder",
    breaking: (store, { state }) =>
      replacing(store, "retention", {
        erase: async (id, options) => {
          const session = state.sessions.get(id);
          if (session?.owner) session.owner.sessions.delete(session);
          if (session) session.owner = null;
          return store.retention.erase(id, options);
        },
      }),
    noticedBy: [{ chapter: ERASURE, case: "D1 D4 while a node drives it" }],
  },
  {
    fault: "erasing takes other sessions along",
    breaking: (store: Store) =>
      replacing(store, "retention", {
        erase: async (id, options) => {
          const step = await store.retention.erase(id, options);
          if (step.status === "erased" && id !== sessionId("s2"))
            await store.retention.erase(sessionId("s2"), options);
          return step;
        },
      }),
    noticedBy: [{ chapter: ERASURE, case: "everything of it is gone" }],
  },
];
