/**
 * Who loses an attempt when a body ends the process of the operating system that it runs in. Pure.
 *
 * Nobody can tell afterwards which of the bodies it was, so each that had begun has used an attempt (D17). What was claimed and had not
 * begun is spared where that costs nothing, and what has few attempts left begins where no other such body can take it along: so a body
 * that ends its process each time uses up its own attempts and those of nobody else.
 */

/** Attempts in a row that a background task makes without company of its kind. */
const LAST_CHANCES = 2;

/** From so many starts in a row on it has its last chances. A first attempt never is one. */
const lastChanceFrom = (maxAttempts: number): number => Math.max(1, maxAttempts - LAST_CHANCES);

/** One at a time of these on a node: the others wait. */
export function isLastChance(startsInARow: number, maxAttempts: number): boolean {
  return startsInARow >= lastChanceFrom(maxAttempts) && startsInARow < maxAttempts;
}

/**
 * Below so many starts in a row a claim enters what it takes, which saves a commit. What may have to wait for its place is entered by a claim
 * once at most: from then on its start is written when its body begins.
 */
export function enteredByClaimBelow(maxAttempts: number, mayWait: boolean): number {
  return mayWait ? 1 : lastChanceFrom(maxAttempts);
}
