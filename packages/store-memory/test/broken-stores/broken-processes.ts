import type { ProcessAppended } from "@pawl/core/ports";
import { type BrokenStore, pause, replacing } from "./broken-store.ts";

const CHAPTER = "Background tasks";
const CLAIMS = "Who runs background tasks";
const STARTS = "Background tasks that begin where they are asked for";

/** Faults in background tasks: records that are no fold, keys that are forgotten, owners that are two. */
export const BROKEN_PROCESSES: readonly BrokenStore[] = [
  {
    fault: "the record is changed and nothing is in the log",
    breaking: (store, { state }) =>
      replacing(store, "processes", {
        append: async (append) => {
          const appended = await store.processes.append(append);
          const row = state.processes.get(append.processId)!;
          if (append.bodies[0]?.type === "step_done") row.events.pop();
          return appended;
        },
      }),
    noticedBy: [{ chapter: CHAPTER, case: "S1 events of every kind" }],
  },
  {
    fault: "the same key is another event",
    breaking: (store) => {
      let count = 0;
      return replacing(store, "processes", {
        append: (append) => {
          count += 1;
          return store.processes.append({ ...append, key: `${append.key} ${count}` });
        },
      });
    },
    noticedBy: [{ chapter: CHAPTER, case: "S13 the same key again" }],
  },
  {
    fault: "a known key swallows other content",
    breaking: (store) => {
      const answers = new Map<string, ProcessAppended>();
      return replacing(store, "processes", {
        append: async (append) => {
          const key = `${append.processId} ${append.key}`;
          const first = answers.get(key);
          if (first)
            return { ...first, duplicate: true, record: (await store.processes.load(append.processId))! };
          const appended = await store.processes.append(append);
          answers.set(key, appended);
          return appended;
        },
      });
    },
    noticedBy: [{ chapter: CHAPTER, case: "S13 the same key again" }],
  },
  {
    fault: "events of one append are separate transactions",
    breaking: (store) =>
      replacing(store, "processes", {
        append: async (append) => {
          const ends: ProcessAppended[] = [];
          for (const [index, body] of append.bodies.entries()) {
            ends.push(
              await store.processes.append({ ...append, key: `${append.key} ${index}`, bodies: [body] }),
            );
          }
          return { ...ends.at(-1)!, events: ends.flatMap(({ events }) => events) };
        },
      }),
    noticedBy: [{ chapter: CHAPTER, case: "S11 of several events" }],
  },
  {
    fault: "nobody is woken",
    breaking: (store, { state }) =>
      replacing(store, "processes", {
        append: async (append) => {
          const marks = [...state.sessions.values()].map((session) => [session, session.wakeAt] as const);
          const appended = await store.processes.append(append);
          for (const [session, wakeAt] of marks) session.wakeAt = wakeAt;
          return appended;
        },
      }),
    noticedBy: [{ chapter: CHAPTER, case: "D4 the end, and progress" }],
  },
  {
    fault: "an owner that was superseded still writes",
    breaking: (store, { state }) =>
      replacing(store, "processes", {
        append: (append) => {
          const row = state.processes.get(append.processId);
          const { fence } = append;
          if (row === undefined || fence === undefined || append.processId !== fence.processId) {
            return store.processes.append(append);
          }
          const { nodeId, generation } = fence.node;
          const node = state.nodes.get(nodeId);
          if (node === undefined) return store.processes.append(append);
          const [owner, epoch] = [row.owner, row.epoch];
          node.generation = generation;
          node.nonce = fence.node.nonce;
          row.owner = { nodeId, generation };
          row.epoch = fence.epoch;
          return store.processes.append(append).finally(() => {
            row.owner = owner;
            row.epoch = epoch;
          });
        },
      }),
    noticedBy: [{ chapter: CLAIMS, case: "S15 D1 an owner that was superseded" }],
  },
  {
    fault: "a claim enters what somebody wants to end",
    breaking: (store, { state }) =>
      replacing(store, "processes", {
        claim: async (lease, request) => {
          const rows = [...state.processes.values()].filter(({ record }) => record.cancel !== null);
          const before = rows.map(({ record }) => record);
          for (const row of rows) row.record = { ...row.record, cancel: null };
          const claims = await store.processes.claim(lease, request);
          for (const [index, row] of rows.entries()) {
            row.record = { ...row.record, cancel: before[index]!.cancel };
          }
          return claims;
        },
      }),
    noticedBy: [{ chapter: CLAIMS, case: "a claim enters nothing about which" }],
  },
  {
    fault: "a claim enters without a word in the log",
    breaking: (store, { state }) =>
      replacing(store, "processes", {
        claim: async (lease, request) => {
          const claims = await store.processes.claim(lease, request);
          for (const { fence, entered } of claims) {
            if (entered) state.processes.get(fence.processId)?.events.pop();
          }
          return claims;
        },
      }),
    noticedBy: [{ chapter: CLAIMS, case: "S1 a claim that enters what it takes" }],
  },
  {
    fault: "two nodes claim one process",
    breaking: (store, { state }) =>
      replacing(store, "processes", {
        claim: async (lease, request) => {
          const free = [...state.processes.values()].filter(({ owner }) => owner === null);
          await pause();
          for (const row of free) row.owner = null;
          return store.processes.claim(lease, request);
        },
      }),
    noticedBy: [{ chapter: CHAPTER, case: "S17 racing signals" }],
  },
  {
    fault: "a list knows no grants",
    breaking: (store) =>
      replacing(store, "processes", {
        list: ({ sessionId: _anybody, ...query }) => store.processes.list(query),
      }),
    noticedBy: [{ chapter: CHAPTER, case: "lists what a session sees" }],
  },
  {
    fault: "what a dead node ran stays with it",
    breaking: (store, { state }) =>
      replacing(store, "processes", {
        claim: async (lease, request) => {
          const held = [...state.processes.values()].filter(({ owner }) => owner !== null);
          const before = held.map((row) => row.notBefore);
          for (const row of held) row.notBefore = Number.MAX_SAFE_INTEGER;
          const claims = await store.processes.claim(lease, request);
          for (const [index, row] of held.entries()) row.notBefore = before[index]!;
          return claims;
        },
      }),
    noticedBy: [{ chapter: CLAIMS, case: "D1 what a dead node ran" }],
  },
  {
    fault: "what begins where it is asked for comes before what waits",
    breaking: (store, { state }) =>
      replacing(store, "processes", {
        append: async (append) => {
          const waiting = append.claim ? [...state.processes.values()].filter(({ owner }) => !owner) : [];
          const before = waiting.map((row) => row.notBefore);
          for (const row of waiting) row.notBefore = Number.MAX_SAFE_INTEGER;
          const appended = await store.processes.append(append);
          for (const [index, row] of waiting.entries()) row.notBefore = before[index]!;
          return appended;
        },
      }),
    noticedBy: [{ chapter: STARTS, case: "what waits for a node comes first" }],
  },
  {
    fault: "what begins where it is asked for has no start in its log",
    breaking: (store, { state }) =>
      replacing(store, "processes", {
        append: async (append) => {
          const appended = await store.processes.append(append);
          if (appended.claim) state.processes.get(append.processId)?.events.pop();
          return appended;
        },
      }),
    noticedBy: [{ chapter: STARTS, case: "S1 its start is in the log" }],
  },
  {
    fault: "a node that is paused begins what is asked for",
    breaking: (store, { state }) =>
      replacing(store, "processes", {
        append: async (append) => {
          const node = append.claim && state.nodes.get(append.claim.lease.nodeId);
          const paused = node?.paused === true;
          if (node) node.paused = false;
          const appended = await store.processes.append(append);
          if (node) node.paused = paused;
          return appended;
        },
      }),
    noticedBy: [{ chapter: STARTS, case: "a node that is paused" }],
  },
  {
    fault: "whose lease is lost begins what is asked for",
    breaking: (store, { state }) =>
      replacing(store, "processes", {
        append: async (append) => {
          const node = append.claim && state.nodes.get(append.claim.lease.nodeId);
          if (node === undefined || append.claim === undefined) return store.processes.append(append);
          const { generation, nonce } = node;
          Object.assign(node, {
            generation: append.claim.lease.generation,
            nonce: append.claim.lease.nonce,
          });
          const appended = await store.processes.append(append);
          Object.assign(node, { generation, nonce });
          return appended;
        },
      }),
    noticedBy: [{ chapter: STARTS, case: "D1 a lease that does not hold any more" }],
  },
  {
    fault: "the same registration again is claimed again",
    breaking: (store, { state }) =>
      replacing(store, "processes", {
        append: async (append) => {
          const appended = await store.processes.append(append);
          const row = state.processes.get(append.processId);
          if (append.claim === undefined || !row?.owner) return appended;
          const { lease } = append.claim;
          const fence = { node: lease, processId: append.processId, epoch: row.epoch };
          return { ...appended, claim: { fence, record: row.record, entered: true } };
        },
      }),
    noticedBy: [
      { chapter: STARTS, case: "S13 the same key again" },
      { chapter: STARTS, case: "S17 of racing registrations" },
    ],
  },
];
