import type { InputPart } from "../conversation/part.ts";
import type { InputId, SessionId, TurnId } from "../ids.ts";
import type { InputLedgerEntry, NewInputState } from "../inputs/input-ledger.ts";
import type { InputState } from "../inputs/input-state.ts";
import type { Json } from "../json.ts";
import type { LogRow } from "../log/log-row.ts";
import type { Fence, NodeLease, SessionClaim } from "./leases.ts";

/** `next`: a turn of its own. `steer`: into the running turn at its next checkpoint. `interrupt`: as steer, and ends a wait. */
export type Delivery = "next" | "steer" | "interrupt";

export interface InputContent {
  readonly parts: readonly InputPart[];
  /** What the turn that this input begins needs: which agent and model, which tools. Opaque to the stores. */
  readonly environment?: Json;
}

export interface NewInput {
  readonly inputId: InputId;
  readonly sessionId: SessionId;
  readonly content: InputContent;
  readonly delivery: Delivery;
  /** Unique per session: the same content again returns the first input, other content is `store_conflict`. */
  readonly idempotencyKey?: string;
  /** Not before this time, milliseconds since the epoch. */
  readonly at?: number;
  /**
   * What becomes of queued inputs of the session with the same delivery and `key`, in the same transaction. `supersede`: this one takes
   * their place. `coalesce`: their parts come before its own, and its environment is the one that counts.
   */
  readonly queue?: { readonly mode: "supersede" | "coalesce"; readonly key: string };
}

export interface InputRecord extends Omit<NewInput, "queue"> {
  /** Order of admission in the session, from 1. */
  readonly position: number;
  readonly state: InputState;
  /** The turn that it began or entered. For `next` it is known from the start: see `turnIdOfInput`. Else null until then. */
  readonly turnId: TurnId | null;
  /** SHA-256 of the canonical JSON of `{ content, delivery }`. */
  readonly digest: string;
  /** Milliseconds since the epoch by the store's clock. */
  readonly acceptedAt: number;
  /** The boundary that settled it. */
  readonly lastRunId: TurnId | null;
  readonly lastBoundarySequence: number | null;
}

export interface Accepted {
  readonly input: InputRecord;
  /** An input with this idempotency key and content was there already; `input` is that one. */
  readonly duplicate: boolean;
}

/** A node that would drive an input at once. */
export interface ClaimWithInput {
  readonly lease: NodeLease;
  /** Called when the session is this node's, at most once and before the acceptance resolves: its holder need not wait for that. */
  readonly taken: (claim: SessionClaim) => void;
}

/** One inbox orders everything that enters a session. `Tx` is the store's own kind of transaction. */
export interface Inbox<Tx = never> {
  /**
   * Makes the input durable, as `queued`, and hints that there is work. Creates the session, `idle`, when it is new. An
   * `interrupt` sets the session's wake mark when it is due (D16). With `tx` it happens within the caller's own transaction and is visible when
   * that commits. A known idempotency key is answered before anything else is looked at.
   *
   * With `claim` the session is claimed for that node in the same transaction, as `Leases.claim` would, where this input is all there is to
   * do in it: it begins a turn now (`next`, no `at`, no `queue`, no `tx`), nobody holds the session, nothing waits in it, it is not paused, and
   * its last claim ended in good order. Then nobody is hinted: should the node die, its lease tells. Everywhere else, and when the
   * lease is lost or the node paused, the input is accepted as without.
   *
   * @throws PawlError `store_conflict` (idempotency key with other content, or the id is taken), `session_not_accepting`
   * (retired, stopped or destroyed), `not_storable`, `tx_unsupported` (a `tx` given to a store without transactions)
   */
  accept(input: NewInput, options?: { readonly tx?: Tx; readonly claim?: ClaimWithInput }): Promise<Accepted>;
  /**
   * The oldest queued input that is due and begins a turn; null while a turn is open or the session is paused. Steering inputs that found no running
   * turn count. An input whose turn was cancelled before it began is due at once. @throws PawlError `store_fenced`
   */
  next(fence: Fence): Promise<InputRecord | null>;
  /**
   * Claims the queued steering inputs that are due for the open turn (they become `staged`) and appends the row that holds their
   * content, in one transaction (D19). `row` builds it from the inputs in order, and is called also when there are none and
   * again when others have come: the row that it built last is the one that was written. What it throws is thrown, and
   * nothing is claimed. `before`: rows of the turn whose numbers come right before, written with that row or before it.
   * @throws PawlError as `Log.append`.
   */
  checkpoint(
    fence: Fence,
    turnId: TurnId,
    row: (inputs: readonly InputRecord[]) => LogRow,
    before?: readonly LogRow[],
  ): Promise<{ readonly inputs: readonly InputRecord[]; readonly row: LogRow }>;
  /** Whether an `interrupt` is queued that is due: what the session's open turn waits for is not waited for any more (D16). */
  isInterrupted(sessionId: SessionId): Promise<boolean>;
  load(inputId: InputId): Promise<InputRecord | null>;
  /** Everything that is known of the inputs of a session, in order of admission. */
  loadInputStates(sessionId: SessionId): Promise<readonly InputLedgerEntry[]>;
  loadInputState(inputId: InputId): Promise<InputLedgerEntry | null>;
  /**
   * Stores an input as it is given, or puts it in the place of the one of this id, whose position stays. What is left as it was is kept up
   * by the store when the state changes: history, attempts, recoveries. Storing the same again changes nothing.
   *
   * @throws PawlError as `checkInputUpsert`, and `session_not_accepting` (a new one that has not ended), `store_fenced`, `not_storable`
   */
  persistInputState(state: NewInputState, options?: { readonly fence?: Fence }): Promise<InputLedgerEntry>;
  /** In order of admission. */
  list(sessionId: SessionId): Promise<readonly InputRecord[]>;
}
