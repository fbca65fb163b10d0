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
import { nodeValues } from "./fence-values.ts";
import { enterInput } from "./inbox.ts";
import { numberColumn } from "./rows/column.ts";
import { acceptAndClaim } from "./statements/accept-and-claim.ts";

/**
 * Accepts an input and claims its session, when it is all that there is to do in it, and resolves when it is durable. Undefined when
 * something came between, or it was there already: then it can be accepted as any other. Throws as `Inbox.accept`.
 */
export async function acceptClaimed(
  context: StoreContext,
  flush: InputFlush,
  given: NewInput,
  { lease, taken }: ClaimWithInput,
): Promise<Accepted | undefined> {
  const { database, hints, lostClaims, newId } = context;
  const token = newId();
  let row: Row | undefined;
  let accepted: Accepted;
  try {
    accepted = await enterInput(context, given, async (_statement, values) => {
      const told = await database.writeTold(acceptAndClaim, [...nodeValues(lease), token, ...values]);
      // Whatever the lost attempt took, nobody here drives it.
      if (told.repeated) lostClaims.add(token);
      row = told.rows[0];
      return told;
    });
  } catch (error) {
    if (error instanceof PawlError && isAssertionFailure(error.cause)) return undefined;
    lostClaims.add(token);
    throw error;
  }
  if (accepted.duplicate) return undefined;
  const entered = row?.how === "entered" && row.epoch !== null ? row : undefined;
  const claim = entered && (await claimOf(context, accepted.input, entered, lease).catch(() => undefined));
  // It is accepted in any case: a claim that cannot be made use of is given up.
  if (entered !== undefined && claim === undefined) lostClaims.add(token);
  if (claim === undefined) hints.work(given.sessionId);
  else taken(claim);
  return (await flush.settle(accepted.input.inputId)) ? accepted : undefined;
}

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
