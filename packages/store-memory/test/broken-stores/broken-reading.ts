import { emptyState, storeOver } from "../../src/internal.ts";
import { type BrokenStore, pause, replacing } from "./broken-store.ts";

/** Faults in what is told: to whom, of what, in which order. */
export const BROKEN_READING: readonly BrokenStore[] = [
  {
    fault: "what is absent is an error",
    breaking: (store) =>
      replacing(store, "sessions", {
        loadBoundaryReceipt: async (...key) => {
          const receipt = await store.sessions.loadBoundaryReceipt(...key);
          if (receipt === null) throw new Error("not found");
          return receipt;
        },
      }),
    noticedBy: [{ chapter: "The seed", case: "S2 load_nonexistent_returns_none" }],
  },
  {
    fault: "sessions are listed in any order",
    breaking: (store) =>
      replacing(store, "sessions", {
        list: async (query) => [...(await store.sessions.list(query))].reverse(),
      }),
    noticedBy: [{ chapter: "Sessions and turns", case: "sessions are listed with the most recently used" }],
  },
  {
    fault: "a log has grown when it has rows at all",
    breaking: (store) =>
      replacing(store, "log", {
        grown: (session, { turnId }) => store.log.grown(session, { after: 0, ...(turnId && { turnId }) }),
      }),
    noticedBy: [{ chapter: "The log", case: "is known to have grown" }],
  },
  {
    fault: "inputs are listed by their ids",
    breaking: (store) =>
      replacing(store, "inbox", {
        list: async (id) =>
          [...(await store.inbox.list(id))].sort((a, b) => (a.inputId < b.inputId ? -1 : 1)),
      }),
    noticedBy: [{ chapter: "The inbox", case: "S5 inputs stand in the order of admission" }],
  },
  {
    fault: "a key that was used with other content is swallowed",
    breaking: (store, { state }) =>
      replacing(store, "inbox", {
        accept: async (input, options) => {
          try {
            return await store.inbox.accept(input, options);
          } catch (error) {
            const keys = state.sessions.get(input.sessionId)?.keys;
            const first = state.inputs.get(keys?.get(input.idempotencyKey ?? "") as never);
            if (first === undefined) throw error;
            return { input: first, duplicate: true };
          }
        },
      }),
    noticedBy: [{ chapter: "The inbox", case: "S13 the same key with other content" }],
  },
  {
    fault: "a key is looked up, and then there is time for another sender",
    breaking: (store, { state }) =>
      replacing(store, "inbox", {
        accept: async (input, options) => {
          const { idempotencyKey: key, ...rest } = input;
          const session = state.sessions.get(input.sessionId);
          if (key === undefined || session?.keys.has(key)) return store.inbox.accept(input, options);
          await pause();
          const accepted = await store.inbox.accept(rest, options);
          state.sessions.get(input.sessionId)?.keys.set(key, input.inputId);
          return accepted;
        },
      }),
    noticedBy: [{ chapter: "Law: racing makes one", case: "S17 S13 racing senders with one key make one" }],
  },
  {
    fault: "a transaction of the caller's is ignored",
    breaking: (store) => replacing(store, "inbox", { accept: (input) => store.inbox.accept(input) }),
    noticedBy: [{ chapter: "A caller's transaction", case: "a store without them refuses one" }],
  },
  {
    fault: "one session sees the inputs of another",
    breaking: (store, { state }) =>
      replacing(store, "inbox", {
        list: async () => [...state.inputs.values()],
        loadInputStates: async () => {
          const all = [...state.sessions.keys()].map((id) => store.inbox.loadInputStates(id));
          return (await Promise.all(all)).flat();
        },
      }),
    noticedBy: [
      { chapter: "The seed", case: "S4 multiple_runtimes_isolated" },
      { chapter: "Law: sessions and stores are apart", case: "S4 each session has its own" },
    ],
  },
  {
    fault: "session names are compared without their case",
    breaking: (store) =>
      replacing(store, "inbox", {
        accept: (input, options) => {
          const sessionId = input.sessionId.toLowerCase() as typeof input.sessionId;
          return store.inbox.accept({ ...input, sessionId }, options);
        },
      }),
    noticedBy: [{ chapter: "Law: sessions and stores are apart", case: "S4 names that look alike" }],
  },
  {
    fault: "two stores share their secrets",
    breaking: (() => {
      const shared = storeOver(emptyState());
      return (store) => ({ ...store, secrets: shared.secrets });
    })(),
    noticedBy: [{ chapter: "Law: sessions and stores are apart", case: "S4 two stores know nothing" }],
  },
  {
    fault: "everybody's sessions are listed",
    breaking: (store) =>
      replacing(store, "sessions", { list: ({ limit }) => store.sessions.list({ limit }) }),
    noticedBy: [{ chapter: "Law: owners are apart", case: "S25 an owner's list" }],
  },
  {
    fault: "an owner's name stands for all that begin with it",
    breaking: (store) =>
      replacing(store, "sessions", {
        list: async ({ limit, owner }) => {
          const all = await store.sessions.list({ limit: 1000 });
          const prefix = owner === undefined ? "" : `@${owner.principal}`;
          return all.filter(({ sessionId }) => sessionId.startsWith(prefix)).slice(0, limit);
        },
      }),
    noticedBy: [{ chapter: "Law: owners are apart", case: "S25 an owner's list" }],
  },
  {
    fault: "an owner's page is filled by others",
    breaking: (store) =>
      replacing(store, "sessions", {
        list: async ({ limit, owner }) => {
          const all = await store.sessions.list({ limit });
          if (owner === undefined) return all;
          const own = new Set(
            (await store.sessions.list({ limit: 1000, owner })).map((one) => one.sessionId),
          );
          return all.filter(({ sessionId }) => own.has(sessionId));
        },
      }),
    noticedBy: [{ chapter: "Law: owners are apart", case: "S25 an owner's list" }],
  },
  {
    fault: "everybody's sessions are counted",
    breaking: (store) => replacing(store, "sessions", { counts: () => store.sessions.counts() }),
    noticedBy: [{ chapter: "Law: owners are apart", case: "S25 an owner's counts" }],
  },
  {
    fault: "everybody's waits are listed",
    breaking: (store) =>
      replacing(store, "awaits", {
        pending: ({ owner: _, ...query }) => store.awaits.pending(query),
      }),
    noticedBy: [{ chapter: "Law: owners are apart", case: "S25 an owner's waits" }],
  },
  {
    fault: "readers share one object with the store",
    breaking: (store) => {
      const kept = new Map<string, object>();
      return replacing(store, "sessions", {
        loadCommitted: async (turnId) => {
          const found = kept.get(turnId) ?? structuredClone(await store.sessions.loadCommitted(turnId));
          if (found !== null) kept.set(turnId, found);
          return found as never;
        },
      });
    },
    noticedBy: [{ chapter: "Law: values are detached", case: "S6 what is read can be spoilt" }],
  },
  {
    fault: "the last writer of a secret wins",
    breaking: (store, { state }) =>
      replacing(store, "secrets", {
        loadOrCreate: async (name, create) => {
          const stored = state.secrets.get(name);
          if (stored !== undefined) return stored;
          const value = create();
          await pause();
          state.secrets.set(name, value);
          return value;
        },
      }),
    noticedBy: [{ chapter: "Secrets", case: "S17 racing writers agree" }],
  },
  {
    fault: "a secret is replaced whatever is there",
    breaking: (store, { state }) =>
      replacing(store, "secrets", {
        replace: async (name, _expected, value) => {
          state.secrets.set(name, value);
          return true;
        },
      }),
    noticedBy: [{ chapter: "Secrets", case: "a value is replaced by who knows it" }],
  },
  {
    fault: "a revoked token is found",
    breaking: (store, { state }) =>
      replacing(store, "tokens", {
        find: async (digest) =>
          [...state.tokens.values()].find((one) => one.digest === digest)?.record ?? null,
      }),
    noticedBy: [
      { chapter: "Tokens", case: "S14 a revoked token" },
      { chapter: "Tokens", case: "S14 an expired token" },
    ],
  },
  {
    fault: "a token that is made again comes to life again",
    breaking: (store, { state }) =>
      replacing(store, "tokens", {
        create: async (token) => {
          state.tokens.delete(token.tokenId);
          return store.tokens.create(token);
        },
      }),
    noticedBy: [
      { chapter: "Tokens", case: "S3 the same again" },
      { chapter: "Tokens", case: "S14 a revoked token" },
    ],
  },
  {
    fault: "attachments share their bytes with whoever brought them",
    breaking: (store, { state }) =>
      replacing(store, "attachments", {
        put: async (content, mediaType) => {
          const kept = await store.attachments.put(content, mediaType);
          const stored = state.attachments.get(kept.ref);
          if (stored !== undefined && typeof content !== "string") {
            state.attachments.set(kept.ref, { ...stored, content });
          }
          return kept;
        },
      }),
    noticedBy: [{ chapter: "Attachments", case: "S6 what is changed afterwards" }],
  },
  {
    fault: "nobody is told of anything",
    breaking: (store) =>
      replacing(replacing(store, "leases", { onWork: () => () => {} }), "log", { onAppend: () => () => {} }),
    noticedBy: [{ chapter: "Hints", case: "D10 an input hints that there is work" }],
  },
  {
    fault: "nobody is told of what is too early",
    breaking: (store) => replacing(store, "leases", { onDue: () => () => {} }),
    noticedBy: [{ chapter: "Hints", case: "D28 a claim that finds a session too early" }],
  },
  {
    fault: "rows alone tell that the session rests",
    breaking: (store) =>
      replacing(store, "leases", {
        onRest: (sessionId, listener) => store.log.onAppend(sessionId, listener),
      }),
    noticedBy: [{ chapter: "Hints", case: "D10 the end of a turn and the leave of its holder hint" }],
  },
  {
    fault: "a listener cannot be taken back",
    breaking: (store) =>
      replacing(store, "log", {
        onAppend: (sessionId, listener) => {
          store.log.onAppend(sessionId, listener);
          return () => {};
        },
      }),
    noticedBy: [{ chapter: "Hints", case: "a listener that was taken back hears nothing more" }],
  },
  {
    fault: "an input is acknowledged before it is durable",
    breaking: (store, { state }) => ({
      ...store,
      close: async () => {
        // What was accepted last had not reached the disk yet.
        for (const session of state.sessions.values()) {
          const last = session.inputs.at(-1);
          if (last?.state !== "queued") continue;
          session.inputs.pop();
          session.queued.pop();
          state.inputs.delete(last.inputId);
        }
        await store.close();
      },
    }),
    noticedBy: [
      {
        chapter: "Law: what was acknowledged lasts",
        case: "S18 S19 a process that dies once its turn is accepted",
      },
    ],
  },
  {
    fault: "a closed store goes on",
    breaking: (store) => ({ ...store, close: async () => {} }),
    noticedBy: [{ chapter: "Law: a closed store does nothing", case: "every verb is refused" }],
  },
];
