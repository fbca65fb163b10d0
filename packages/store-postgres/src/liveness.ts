import type { Logger, NodeLease } from "@pawl/core/ports";
import type { Database } from "./connection/database.ts";
import type { Listener } from "./connection/listener.ts";
import { watchNode } from "./statements/watch-node.ts";

/**
 * Early notice of death. The connection that listens holds an advisory lock named after node, generation and nonce; while the
 * lease says `watched`, a claim of another node sees by the missing lock that this process is dead, before the lease runs out.
 * A process that merely lost that connection says so, and takes the lock again when the listener is back; if somebody was
 * faster, it is fenced. Without a direct connection nothing is watched, and the lease alone counts.
 */
export class Liveness {
  readonly #database: Database;
  readonly #listener: Listener;
  readonly #logger: Logger;
  readonly #leases = new Map<string, NodeLease>();
  /** Keys of the locks that the present connection holds. */
  readonly #taken = new Set<string>();
  /** The lock of the newest lease is being taken. */
  #taking: Promise<void> = Promise.resolve();
  /** What is said of leases is said in order: `watched` must not be overtaken by an older `not watched`. */
  #said: Promise<void> = Promise.resolve();

  constructor(database: Database, listener: Listener, logger: Logger) {
    this.#database = database;
    this.#listener = listener;
    this.#logger = logger;
  }

  /**
   * `key` is the number of the advisory lock, as text: it has 64 bits. Not waited for: until the lock is taken the lease alone counts.
   */
  watch(key: string, lease: NodeLease): void {
    this.#leases.set(key, lease);
    this.#taking = this.#take(key, lease);
  }

  async forget(lease: NodeLease): Promise<void> {
    await this.#taking;
    for (const [key, { nonce }] of this.#leases) {
      if (nonce !== lease.nonce) continue;
      this.#leases.delete(key);
      if (this.#taken.delete(key)) await this.#listener.unlock(key).catch(() => undefined);
    }
  }

  /** The listener is live (again). */
  async takeAll(): Promise<void> {
    for (const [key, lease] of this.#leases) await this.#take(key, lease);
  }

  /** The listener is gone: nobody should take its silence for death, if that can still be said. */
  lostAll(): void {
    this.#taken.clear();
    for (const lease of this.#leases.values()) void this.#say(lease, false);
  }

  /** The lease was renewed. `seen` is false when the lock is not where it should be: its connection is dead and does not know it. */
  async renewed(lease: NodeLease, seen: boolean): Promise<void> {
    for (const [key, { nonce }] of this.#leases) {
      if (nonce !== lease.nonce) continue;
      if (!this.#taken.has(key)) await this.#take(key, lease);
      else if (!seen) this.#listener.reconnect();
    }
  }

  async #take(key: string, lease: NodeLease): Promise<void> {
    try {
      // Not at once if the server still keeps a dead connection of ours: the next renewal tries again.
      if (this.#taken.has(key) || !(await this.#listener.lock(key))) return;
      this.#taken.add(key);
      await this.#say(lease, true);
    } catch (error) {
      this.#logger.warn("The lock that shows this process to be alive was not taken.", {
        error: String(error),
      });
    }
  }

  #say({ nodeId, generation, nonce }: NodeLease, watched: boolean): Promise<void> {
    this.#said = this.#said.then(async () => {
      try {
        await this.#database.write(watchNode, [nodeId, generation, nonce, watched]);
      } catch (error) {
        this.#logger.debug("The watch of a node lease was not changed.", { error: String(error) });
      }
    });
    return this.#said;
  }
}
