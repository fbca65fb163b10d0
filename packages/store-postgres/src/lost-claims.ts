import { PawlError } from "@pawl/core";
import type { NodeLease } from "@pawl/core/ports";
import type { StoreContext } from "./context.ts";
import { freeLostProcessClaims } from "./statements/free-lost-process-claims.ts";

/** How long a claim whose answer was lost may still land; longer than a statement may run. */
const LOST_CLAIM_MS = 5 * 60 * 1000;

/** Claims of background tasks whose answer was lost: nobody in this process knows what they took. */
export class LostClaims {
  readonly #context: StoreContext;
  /** By token, until when they are looked for (monotonic, in ms). */
  readonly #until = new Map<string, number>();

  constructor(context: StoreContext) {
    this.#context = context;
  }

  /** Runs what claims under this token; when its answer is lost, the token is looked for from then on, and the failure goes on. */
  async watch<T>(token: string, claim: () => Promise<T>): Promise<T> {
    try {
      return await claim();
    } catch (error) {
      if (isLost(error)) this.#until.set(token, performance.now() + LOST_CLAIM_MS);
      throw error;
    }
  }

  /** Lets others, and this node itself, claim what they took. */
  async free(lease: NodeLease): Promise<void> {
    for (const [token, until] of this.#until) if (until < performance.now()) this.#until.delete(token);
    if (this.#until.size === 0) return;
    const values = [lease.nodeId, lease.generation, [...this.#until.keys()]];
    await this.#context.database.write(freeLostProcessClaims, values);
  }
}

export function isLost(error: unknown): boolean {
  return error instanceof PawlError && error.code === "store_outcome_unknown";
}
