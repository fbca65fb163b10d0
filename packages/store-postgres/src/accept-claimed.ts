// Group commit for inputs that are claimed where they are accepted (D9): what a burst of sends brings is a few statements and not one each,
// whose commits would stand in line for the connections, the processor and the node's row.
//
// AC1  Only what is as usual goes this way (SW1): a new input that is all there is to do in its session. Every other one is accepted as any.
// AC2  Each input has a fate of its own. What is not entered, for whatever reason, is judged by the statements for one: those tell what is
//      wrong, and find what landed although its answer was lost.
// AC3  A claim whose answer was lost is nobody's: what it took is freed by its token before the next claim of this process.
import { isPawlError } from "@pawl/core";
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
import { type SharedAnswer, SharedWrites } from "./connection/shared-writes.ts";
import type { StoreContext } from "./context.ts";
import { type Entry, enteredInput, entryOf } from "./enter-input.ts";
import { nodeValues } from "./fence-values.ts";
import { numberColumn } from "./rows/column.ts";
import { acceptAndClaim } from "./statements/accept-and-claim.ts";
import { acceptAndClaimSeveral } from "./statements/accept-and-claim-several.ts";

export interface AcceptedHere {
  /** Undefined: something came between, or it was there already; then it can be accepted as any other. */
  readonly accepted?: Accepted;
  /** An answer was lost: what is there may have been entered here. */
  readonly repeated: boolean;
}

/** Accepts an input and claims its session, when it is all that there is to do in it. */
export interface ClaimedAcceptor {
  /** Resolves when it is durable. Throws as `Inbox.accept`. */
  accept(given: NewInput, claim: ClaimWithInput): Promise<AcceptedHere>;
}

/** Nothing was written, or nobody knows; and the statement for one would fare no better. */
const FAILS_ALONE_TOO = ["store_unreachable", "store_outcome_unknown", "store_closed"] as const;

export function claimedAcceptor(context: StoreContext, flush: InputFlush): ClaimedAcceptor {
  const { database, hints, lostClaims, newId } = context;
  const entries = new SharedWrites({
    database,
    statement: acceptAndClaimSeveral,
    keyOf: ({ session_id }) => String(session_id),
    // One that is in the way is in the way of one input only.
    contentions: 0,
  });

  /** Of those that are being entered. */
  let underWay = 0;

  /** Whoever comes alone is not kept: neither until others may have come, nor by a statement for many. */
  async function enterAlone(entry: Entry, lease: NodeLease, token: string): Promise<SharedAnswer> {
    const { given, content, digest, turnId } = entry;
    const { sessionId, inputId, idempotencyKey = null } = given;
    const values = [sessionId, inputId, content, digest, idempotencyKey, turnId];
    return await database.writeTold(acceptAndClaim, [...nodeValues(lease), token, ...values]).then(
      ({ rows, repeated }) => ({ row: rows[0], repeated }),
      (failure: unknown) => ({ repeated: false, failure }),
    );
  }

  function enterTogether(entry: Entry, lease: NodeLease, token: string): Promise<SharedAnswer> {
    const row = rowOf(entry, lease, token);
    return entries.writeTold({ key: entry.given.sessionId, row, characters: row.length });
  }

  return {
    async accept(given, { lease, taken }) {
      const { sessionId, inputId } = given;
      const entry = entryOf(context, given);
      const token = newId();
      underWay += 1;
      const enter = underWay === 1 ? enterAlone : enterTogether;
      const { row: entered, repeated, failure } = await enter(entry, lease, token);
      underWay -= 1;
      const failsAloneToo = FAILS_ALONE_TOO.some((code) => isPawlError(failure, code));
      // Whatever a lost attempt took, nobody here drives it (AC3).
      if (repeated || failsAloneToo) lostClaims.add(token);
      if (failsAloneToo) throw failure;
      if (entered === undefined) return { repeated };
      const input = enteredInput(entry, entered);
      const claim = await claimOf(context, input, entered, lease).catch(() => undefined);
      // It is accepted in any case: a claim that cannot be made use of is given up.
      if (claim === undefined) {
        lostClaims.add(token);
        hints.work(sessionId);
      } else taken(claim);
      const isThere = await flush.settle(inputId);
      return { repeated, ...(isThere && { accepted: { input, duplicate: false } }) };
    },
  };
}

/** As `accept_and_claim_several` reads it, JSON. What is JSON already is not written twice. */
function rowOf({ given, content, digest, turnId }: Entry, node: NodeLease, token: string): string {
  const { nodeId, generation, nonce } = node;
  const { sessionId, inputId, idempotencyKey = null } = given;
  const columns = { nodeId, generation, nonce, token, sessionId, inputId, digest, idempotencyKey, turnId };
  return `${JSON.stringify(columns).slice(0, -1)},"content":${content}}`;
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
