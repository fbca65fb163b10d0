import type { Store } from "@pawl/core/ports";
import { manualClock } from "@pawl/testing";
import type { StoreUnderTest } from "@pawl/testing/store-suite";
import { emptyState, type MemoryState, setRuntimeState, storeOver } from "../src/internal.ts";

export interface Memory {
  readonly state: MemoryState;
  readonly clock: ReturnType<typeof manualClock>;
}

/** A memory store for the suite; `breaking` may put something in front of it. */
export function memoryUnderTest(
  name = "memory",
  breaking: (store: Store, memory: Memory) => Store = (store) => store,
): StoreUnderTest {
  const memories = new WeakMap<Store, Memory>();
  const open = (memory: Memory): Store => {
    const store = breaking(storeOver(memory.state, { clock: memory.clock }), memory);
    memories.set(store, memory);
    return store;
  };
  const of = (store: Store): Memory => memories.get(store)!;
  return {
    name,
    createStore: () => open({ state: emptyState(), clock: manualClock() }),
    capabilities: {
      reopen: async (store) => {
        await store.close();
        return open(of(store));
      },
      second: async (store) => open(of(store)),
      advance: (store, ms) => of(store).clock.advance(ms),
      transaction: false,
      setRuntimeState: async (store, sessionId, state) => setRuntimeState(of(store).state, sessionId, state),
      corruptRow: false,
      pretendNewerSchema: false,
    },
  };
}
