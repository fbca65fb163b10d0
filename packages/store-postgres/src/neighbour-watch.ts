import type { Logger } from "@pawl/core/ports";
import type { Database } from "./connection/database.ts";
import type { ListenConnection } from "./connection/listener.ts";
import { pause } from "./connection/pause.ts";
import { cancelBackend } from "./statements/cancel-backend.ts";

/** How long one wait for a lock takes at most, in milliseconds: a statement that runs longer would keep VACUUM from old rows. */
const WAIT_MS = 5_000;
/** A wait that ended sooner than this was given the lock. */
const SHORTEST_WAIT_MS = 0.8 * WAIT_MS;
/** A database that does not answer does not keep a store from closing. */
const CANCEL_WITHIN_MS = 500;

export interface NeighbourWatchOptions {
  readonly database: Database;
  /** A direct connection of its own: a statement waits on it. */
  readonly connect: () => Promise<ListenConnection>;
  /** The lock of the neighbour is free: its process is dead, or has lost the connection that held it. */
  readonly onFreed: () => void;
  readonly logger: Logger;
}

/**
 * Hears at once that another process died, where nobody would look before the next poll. Each node waits for the advisory lock (see
 * `liveness.ts`) of the node that follows it in the order of their names, so that each is watched by one; what the lock says is still
 * decided by a claim. Only a hint: without it, and where it cannot be had, polls find the dead.
 *
 * Waiting takes a connection of its own while there is another node, and none where a node is alone.
 */
export class NeighbourWatch {
  readonly #options: NeighbourWatchOptions;
  #key: string | undefined;
  #loop: Promise<void> | undefined;
  #connection: ListenConnection | undefined;
  #stopped = false;

  constructor(options: NeighbourWatchOptions) {
    this.#options = options;
  }

  /** The number of the lock to wait for from now on, as text; null: there is nobody to watch. */
  watch(key: string | null): void {
    this.#key = key ?? undefined;
    if (key === null || this.#stopped) return;
    this.#loop ??= this.#run().finally(() => {
      this.#loop = undefined;
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#key = undefined;
    const { database } = this.#options;
    const pid = this.#connection?.client.processID;
    // That the connection is closed the server would notice only when the wait is over.
    if (pid != null) {
      const ended = database.run(database.pool, cancelBackend, [pid]).then(() => this.#loop, ignore);
      await Promise.race([ended, pause(CANCEL_WITHIN_MS)]);
    }
    this.#connection?.close();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { connect, onFreed, logger } = this.#options;
    try {
      const connection = await connect();
      connection.client.on("error", () => undefined);
      this.#connection = connection;
      for (let key = this.#key; key !== undefined; key = this.#key) {
        const began = performance.now();
        await connection.client.query(waitText(key));
        if (performance.now() - began >= SHORTEST_WAIT_MS || this.#stopped) continue;
        // Whom to watch next says the next renewal of the lease.
        if (this.#key === key) this.#key = undefined;
        onFreed();
      }
    } catch (error) {
      if (!this.#stopped)
        logger.debug("A neighbour is not watched; polling goes on.", { error: String(error) });
    } finally {
      this.#connection?.close();
      this.#connection = undefined;
    }
  }
}

/**
 * Ends when the lock is free, or after `WAIT_MS`, or when it is cancelled, each without an error that the server would log. The lock is
 * this transaction's, so it is free again at once.
 */
function waitText(key: string): string {
  return `do $$ begin
  set local lock_timeout = ${WAIT_MS};
  perform pg_advisory_xact_lock_shared(${BigInt(key)});
exception when lock_not_available or query_canceled then null;
end $$`;
}

function ignore(): void {}
