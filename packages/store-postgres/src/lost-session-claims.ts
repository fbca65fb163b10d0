/** How long a claim whose answer was lost may still land; longer than a statement may run. */
const LOST_CLAIM_MS = 5 * 60 * 1000;

/** Claims of sessions by this process whose answer was lost, by their tokens: what they took is freed before the next claim. */
export class LostSessionClaims {
  /** Until when each is looked for (monotonic, in ms). */
  readonly #tokens = new Map<string, number>();

  add(token: string): void {
    this.#tokens.set(token, performance.now() + LOST_CLAIM_MS);
  }

  get tokens(): readonly string[] {
    for (const [token, until] of this.#tokens) if (until < performance.now()) this.#tokens.delete(token);
    return [...this.#tokens.keys()];
  }
}
