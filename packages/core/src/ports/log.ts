import type { SessionId, TurnId } from "../ids.ts";
import type { LogRow } from "../log/log-row.ts";
import type { Fence } from "./leases.ts";

export interface LogQuery {
  /** Rows with a larger `seq`; from the beginning when absent. */
  readonly after?: number;
  readonly turnId?: TurnId;
  /** At most this many rows, in order of `seq`. */
  readonly limit?: number;
}

/** The one log of each session (D5). Only the session's holder writes it (D4). */
export interface Log {
  /**
   * Appends rows that the holder numbered, all or nothing, under the fence. Resolves when they are durable. Appends of many
   * sessions may share a transaction; each has a fate of its own (D9). The same rows again by the same holder (after a lost
   * response) are recognised and accepted.
   *
   * @throws PawlError `store_fenced`, `store_conflict` (a number is taken or not the next one, or the rows' turn is not the
   * session's open one: D8), `store_write_failed`, `not_storable` (text that
   * the store cannot keep: U+0000, lone surrogates, too large)
   */
  append(fence: Fence, rows: readonly LogRow[]): Promise<void>;
  /** Rows in order of `seq`, without gaps. Anybody may read. */
  read(sessionId: SessionId, query?: LogQuery): Promise<readonly LogRow[]>;
  /**
   * Whether `read` would find a row after this one now. It costs little to ask about many sessions in one go, as those do who follow
   * what does not move.
   */
  grown(sessionId: SessionId, query: { readonly after: number; readonly turnId?: TurnId }): Promise<boolean>;
  /** Hints that the session's log may have grown; they may be lost. */
  onAppend(sessionId: SessionId, listener: () => void): () => void;
}
