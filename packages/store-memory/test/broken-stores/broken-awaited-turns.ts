import { type BrokenStore, replacing } from "./broken-store.ts";

const CHAPTER = "Turns that others wait for";

/** Faults in how a commit tells whoever waits for it. */
export const BROKEN_AWAITED_TURNS: readonly BrokenStore[] = [
  {
    fault: "a commit tells nobody",
    breaking: (store) =>
      replacing(store, "sessions", {
        commit: (fence, { settles: _, ...boundary }) => store.sessions.commit(fence, boundary),
      }),
    noticedBy: [
      { chapter: CHAPTER, case: "D22 a commit settles what another session waits for" },
      { chapter: CHAPTER, case: "D22 a commit may come before the wait" },
    ],
  },
  {
    fault: "a commit tells whether or not it took place",
    breaking: (store) =>
      replacing(store, "sessions", {
        commit: async (fence, { settles = [], ...boundary }) => {
          for (const { event, resolution } of settles) {
            await store.awaits.resolve(event.keyId, resolution, { name: "turn", via: "turn" }, event);
          }
          return store.sessions.commit(fence, boundary);
        },
      }),
    noticedBy: [
      { chapter: CHAPTER, case: "D18 D22 a commit that was cancelled first" },
      { chapter: CHAPTER, case: "S6 D22 a commit that is refused" },
    ],
  },
  {
    fault: "a commit settles only what was registered before",
    breaking: (store, { state }) =>
      replacing(store, "sessions", {
        commit: (fence, { settles = [], ...boundary }) =>
          store.sessions.commit(fence, {
            ...boundary,
            settles: settles.filter(({ event }) => state.awaits.has(event.keyId)),
          }),
      }),
    noticedBy: [{ chapter: CHAPTER, case: "D22 a commit may come before the wait" }],
  },
];
