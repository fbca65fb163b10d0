import { PawlError } from "@pawl/core";
import type {
  Accepted,
  ClaimWithInput,
  InputRecord,
  NewInput,
  NodeLease,
  SessionClaim,
} from "@pawl/core/ports";
import { withHead } from "./claimer.ts";
import type { Row } from "./connection/database.ts";
import type { InputFlush } from "./connection/input-flush.ts";
import { isAssertionFailure } from "./connection/retryable-codes.ts";
import type { StoreContext } from "./context.ts";
import { enteredInput, entryOf } from "./enter-input.ts";
import { nodeValues } from "./fence-values.ts";
import { numberColumn } from "./rows/column.ts";
import { acceptAndClaim } from "./statements/accept-and-claim.ts";

export interface AcceptedHere {
  /** Undefined: something came between, or it was there already; then it can be accepted as any other. */
  readonly accepted?: Accepted;
  /** An answer was lost: what is there may have been entered here. */
  readonly repeated: boolean;
}

/**
 * Accepts an input and claims its session, when it is all that there is to do in it, and resolves when it is durable. Throws as `Inbox.accept`.
 */
export async function acceptClaimed(
  context: StoreContext,
  flush: InputFlush,
  given: NewInput,
  { lease, taken }: ClaimWithInput,
): Promise<AcceptedHere> {
  const { database, hints, lostClaims, newId } = context;
  const { sessionId, inputId, idempotencyKey = null } = given;
  const entry = entryOf(context, given);
  const token = newId();
  const values = [sessionId, inputId, entry.content, entry.digest, idempotencyKey, entry.turnId];
  const { rows, repeated } = await database
    .writeTold(acceptAndClaim, [...nodeValues(lease), token, ...values])
    .catch((error: unknown) => {
      if (error instanceof PawlError && isAssertionFailure(error.cause)) return NOTHING;
      lostClaims.add(token);
      throw error;
    });
  // Whatever the lost attempt took, nobody here drives it.
  if (repeated) lostClaims.add(token);
  const [row] = rows;
  if (row === undefined) return { repeated };
  const input = enteredInput(entry, row);
  const claim = await claimOf(context, input, row, lease).catch(() => undefined);
  // It is accepted in any case: a claim that cannot be made use of is given up.
  if (claim === undefined) {
    lostClaims.add(token);
    hints.work(sessionId);
  } else taken(claim);
  const isThere = await flush.settle(inputId);
  return { repeated, ...(isThere && { accepted: { input, duplicate: false } }) };
}

const NOTHING = { rows: [], repeated: false } as const;

async function claimOf(
  { database }: StoreContext,
  input: InputRecord,
  row: Row,
  node: NodeLease,
): Promise<SessionClaim> {
  const { sessionId } = input;
  const where = `The claim of "${sessionId}"`;
  const claim: SessionClaim = {
    sessionId,
    fence: { node, sessionId, epoch: numberColumn(row, "epoch", where) },
    logHead: numberColumn(row, "head", where),
    openTurn: null,
    attempts: 0,
    next: {
      input,
      base: {
        revision: numberColumn(row, "revision", where),
        messages: numberColumn(row, "message_count", where),
      },
      // A turn that has just got its name was not cancelled before.
      cancel: null,
    },
  };
  return await withHead(database, { claim, stale: row.stale === true });
}
