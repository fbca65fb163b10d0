import { type BrokenStore, replacing } from "./broken-store.ts";

const CHAPTER = "The outbox";

/** Faults in what follows from commits: lost, doubled, early, overtaking. */
export const BROKEN_OUTBOX: readonly BrokenStore[] = [
  {
    fault: "what follows from a commit is forgotten",
    breaking: (store) =>
      replacing(store, "sessions", {
        commit: (fence, { outbox: _, ...boundary }) => store.sessions.commit(fence, boundary),
      }),
    noticedBy: [{ chapter: CHAPTER, case: "D23 an input that follows from a commit" }],
  },
  {
    fault: "what follows from a commit is written before it, and stays when it fails",
    breaking: (store) =>
      replacing(store, "sessions", {
        commit: async (fence, boundary) => {
          const { outbox = [], ...rest } = boundary;
          for (const item of outbox) {
            if (item.type === "input") await store.inbox.accept(item.input).catch(() => undefined);
          }
          return store.sessions.commit(fence, { ...rest, outbox: outbox.filter((o) => o.type !== "input") });
        },
      }),
    noticedBy: [
      { chapter: CHAPTER, case: "S11 a commit that fails" },
      { chapter: CHAPTER, case: "D1 S15" },
    ],
  },
  {
    fault: "an input that is refused undoes the commit that it follows from",
    breaking: (store) =>
      replacing(store, "sessions", {
        commit: async (fence, boundary) => {
          for (const item of boundary.outbox ?? []) {
            if (item.type !== "input") continue;
            const known = await store.inbox.load(item.input.inputId);
            if (known !== null) await store.inbox.accept(item.input);
          }
          return store.sessions.commit(fence, boundary);
        },
      }),
    noticedBy: [{ chapter: CHAPTER, case: "a dead letter is tried again" }],
  },
  {
    fault: "a message overtakes the one before it",
    breaking: (store, { state }) =>
      replacing(store, "outbox", {
        take: async (request) => {
          const first = await store.outbox.take(request);
          const hidden = [...state.outbox].filter(([id]) => first.some((record) => record.id === id));
          for (const [id] of hidden) state.outbox.delete(id);
          const rest = await store.outbox.take(request);
          for (const [id, row] of hidden) state.outbox.set(id, row);
          return [...first, ...rest];
        },
      }),
    noticedBy: [{ chapter: CHAPTER, case: "D23 messages are handed out one at a time" }],
  },
  {
    fault: "whoever had a message before may still settle it",
    breaking: (store, { state }) =>
      replacing(store, "outbox", {
        delivered: (id) => store.outbox.delivered(id, state.outbox.get(id)?.record.attempts ?? 0),
      }),
    noticedBy: [{ chapter: CHAPTER, case: "a message that failed comes again" }],
  },
  {
    fault: "a message whose taker is silent is lost",
    breaking: (store) =>
      replacing(store, "outbox", {
        take: (request) => store.outbox.take({ ...request, hideMs: Number.MAX_SAFE_INTEGER / 2 }),
      }),
    noticedBy: [{ chapter: CHAPTER, case: "a message whose taker is silent" }],
  },
];
