import type { RuntimeState, SessionId } from "@pawl/core";
import type { Store } from "@pawl/core/ports";

/**
 * What the suite can do to a store beside calling its verbs. Each is either a function or `false`: a case is skipped only
 * because the store's own tests say so in so many words.
 */
export interface StoreCapabilities {
  /** Closes the store and gives another over the same data, as after a restart. `false`: it forgets. */
  readonly reopen: false | ((store: Store) => Promise<Store>);
  /** A second store over the same data, beside the first, as another process has it. `false`: one process only. */
  readonly second: false | ((store: Store) => Promise<Store>);
  /** Moves the store's clock by milliseconds. `false`: it is the database's, and cases wait until they see the effect. */
  readonly advance: false | ((store: Store, ms: number) => Promise<void>);
  /**
   * Runs `body` in a transaction of the caller's own, commits it, and rolls it back when `body` throws (which is thrown). `false`:
   * the store knows none.
   */
  readonly transaction: false | ((store: Store, body: (tx: never) => Promise<void>) => Promise<void>);
  /** Puts a session into a runtime state, whatever the table of transitions says. */
  readonly setRuntimeState:
    | false
    | ((store: Store, sessionId: SessionId, state: RuntimeState) => Promise<void>);
  /** Spoils the stored row `seq` of a session's log, as a bad disk would. `false`: there is no disk. */
  readonly corruptRow: false | ((store: Store, sessionId: SessionId, seq: number) => Promise<void>);
  /** Makes the stored schema look as if a newer version had written it. `false`: there is no schema. */
  readonly pretendNewerSchema: false | ((store: Store) => Promise<void>);
}

export interface StoreUnderTest {
  /** Shown in the titles. */
  readonly name: string;
  /** A fresh, empty store that is ready for use. Called once a case. */
  readonly createStore: () => Promise<Store> | Store;
  /** Called after each case, also a failed one, with every store that it opened. Default: `store.close()`. */
  readonly dispose?: (store: Store) => Promise<void>;
  /** How long a case waits for what must come, in milliseconds of real time. Default 20 000. */
  readonly patienceMs?: number;
  readonly capabilities: StoreCapabilities;
}
