import { type BrokenStore, replacing } from "./broken-store.ts";

const CHAPTER = "Input states";

/** Faults in what is known of inputs: fields lost, places changed, ends undone, words lost. */
export const BROKEN_INPUT_STATES: readonly BrokenStore[] = [
  {
    fault: "fields of an input state are not kept",
    breaking: (store) =>
      replacing(store, "inbox", {
        persistInputState: (given, options) =>
          store.inbox.persistInputState({ ...given, source: null }, options),
      }),
    noticedBy: [{ chapter: CHAPTER, case: "S1 S2 every field" }],
  },
  {
    fault: "an input that changes goes to the end of the list",
    breaking: (store) =>
      replacing(store, "inbox", {
        loadInputStates: async (id) =>
          [...(await store.inbox.loadInputStates(id))].sort(
            (a, b) => a.updatedAt - b.updatedAt || b.position - a.position,
          ),
      }),
    noticedBy: [{ chapter: CHAPTER, case: "S3 S5 an upsert keeps its place" }],
  },
  {
    fault: "what a run does is in no history",
    breaking: (store) =>
      replacing(store, "inbox", {
        loadInputStates: async (id) =>
          (await store.inbox.loadInputStates(id)).map((entry) => ({ ...entry, history: [] })),
      }),
    noticedBy: [{ chapter: CHAPTER, case: "what a turn does to its inputs" }],
  },
  {
    fault: "what has ended is written over",
    breaking: (store, { state }) =>
      replacing(store, "inbox", {
        persistInputState: async (given, options) => {
          const ended = state.inputs.get(given.inputId);
          if (ended !== undefined) state.inputs.set(given.inputId, { ...ended, state: "accepted" });
          return store.inbox.persistInputState(given, options);
        },
      }),
    noticedBy: [{ chapter: CHAPTER, case: "S14 what has ended" }],
  },
  {
    fault: "anybody changes what a run has",
    breaking: (store, { state }) =>
      replacing(store, "inbox", {
        persistInputState: (given, options) => {
          const session = state.sessions.get(given.sessionId);
          const node = session?.owner;
          const { sessionId } = given;
          const lease = node && {
            nodeId: node.nodeId,
            generation: node.generation,
            nonce: node.nonce ?? "",
            ttlMs: 1,
          };
          const fence = lease && session && { node: lease, sessionId, epoch: session.epoch };
          return store.inbox.persistInputState(given, fence ? { fence } : options);
        },
      }),
    noticedBy: [{ chapter: CHAPTER, case: "D4 S15 what a run has" }],
  },
  {
    fault: "an input that supersedes only stands behind the others",
    breaking: (store) =>
      replacing(store, "inbox", {
        accept: ({ queue: _, ...input }, options) => store.inbox.accept(input, options),
      }),
    noticedBy: [
      { chapter: CHAPTER, case: "an input that supersedes" },
      { chapter: CHAPTER, case: "an input that coalesces" },
      { chapter: CHAPTER, case: "S17 racing inputs" },
    ],
  },
  {
    fault: "state and inputs of a lifecycle commit are two units",
    breaking: (store) =>
      replacing(store, "sessions", {
        commitLifecycle: async (id, to, inputs = []) => {
          for (const input of inputs) await store.inbox.persistInputState(input);
          return store.sessions.commitLifecycle(id, to);
        },
      }),
    noticedBy: [{ chapter: "Runtime states", case: "S11 S16 commitLifecycle" }],
  },
  {
    fault: "a session that is stopped leaves its holder at work",
    breaking: (store, { state }) =>
      replacing(store, "sessions", {
        commitLifecycle: async (id, to, inputs) => {
          const session = state.sessions.get(id);
          const { owner = null, epoch = 0, openTurn = null } = session ?? {};
          const result = await store.sessions.commitLifecycle(id, to, inputs);
          if (session !== undefined) Object.assign(session, { owner, epoch, openTurn });
          return result;
        },
      }),
    noticedBy: [{ chapter: "Runtime states", case: "D1 a turn that runs" }],
  },
];
