import {
  isControlWait,
  type Json,
  PawlError,
  type Resolution,
  type SessionId,
  sessionId,
  type TurnId,
  type WaitIdentity,
} from "@pawl/core";
import type { AwaitEventRecord, AwaitEventRows } from "@pawl/core/ports";
import { type AwaitEvents, formatKey, type KeyBinding, type ResolveOutcome } from "@pawl/effects";

/** Something that is waited for and not answered yet. */
export interface PendingWait {
  /** Of the await-event: SHA-256 of what is waited for, lower-case hex. It is no secret, and nobody can answer with it alone. */
  readonly id: string;
  readonly sessionId: SessionId | null;
  readonly turnId: TurnId | null;
  readonly wait: WaitIdentity;
  /** Why; for waits of a turn a `WaitReason`. */
  readonly reason: Json;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** When it times out, milliseconds since the epoch; null: never. */
  readonly dueAt: number | null;
}

/**
 * How a wait ends. "Did it happen?" is answered with `happened`, and with `abandon` when nobody can know; what waits for
 * something else takes a resolution.
 */
export type WaitAnswer =
  | Resolution
  | { readonly happened: true; readonly output?: Json }
  | { readonly happened: false }
  | { readonly abandon: true };

export interface Waits {
  /** Unanswered waits, oldest first. Default limit 100. */
  list(query?: { readonly sessionId?: string; readonly limit?: number }): Promise<readonly PendingWait[]>;
  /**
   * Answers for the host itself, which needs no key: whoever may call this may answer. The first answer wins, and a turn that was
   * parked goes on in any process. `by` is who answered, for the record.
   *
   * @throws PawlError `wait_answer_unfit` for an answer that this wait cannot take
   */
  answer(id: string, answer: WaitAnswer, options: { readonly by: string }): Promise<ResolveOutcome>;
  /**
   * A key that answers this wait, once, as text that fits a URL: hand it to whoever may answer.
   *
   * @throws PawlError `wait_unknown` when there is no such wait, or it was revoked
   */
  key(id: string, binding?: KeyBinding): Promise<string>;
}

export interface WaitsOptions {
  /** Opens the store; safe to call again. */
  readonly open: () => Promise<void>;
  readonly rows: AwaitEventRows;
  readonly awaits: () => Promise<AwaitEvents>;
}

export function createWaits({ open, rows, awaits }: WaitsOptions): Waits {
  return {
    async list({ sessionId: session, limit = 100 } = {}) {
      await open();
      const query = session === undefined ? { limit } : { limit, sessionId: sessionId(session) };
      return (await rows.pending(query)).filter(({ wait }) => !isControlWait(wait)).map(shown);
    },

    async answer(id, answer, { by }) {
      await open();
      const record = await rows.load(id);
      if (record === null) return { status: "unknown_or_revoked" };
      const result = await rows.resolve(id, resolutionOf(record, answer), { name: by, via: "host" });
      if (result.status === "unknown_or_revoked") return result;
      if (result.status === "accepted") return { status: "accepted" };
      return { status: "already_resolved", terminal: result.record.terminal ?? { status: "cancelled" } };
    },

    async key(id, binding) {
      await open();
      const record = await rows.load(id);
      if (record === null || isControlWait(record.wait)) {
        throw new PawlError(
          "wait_unknown",
          `There is no wait "${id}". List what waits to see the ids; it may also have been revoked.`,
        );
      }
      return formatKey(await (await awaits()).key(record.scope, record.wait, binding));
    },
  };
}

function shown(record: AwaitEventRecord): PendingWait {
  const { keyId, sessionId, turnId, wait, info, createdAt, dueAt } = record;
  return { id: keyId, sessionId, turnId, wait, reason: info, createdAt, dueAt };
}

function resolutionOf({ keyId, wait, info }: AwaitEventRecord, answer: WaitAnswer): Resolution {
  if (isControlWait(wait)) throw unfit(keyId, "it is decided by the turn itself. Cancel the turn instead.");
  if ("status" in answer) return answer;
  if (!asksWhetherItHappened(info)) {
    throw unfit(
      keyId,
      'it does not ask whether something happened. Answer with a resolution: { status: "ok", payload }.',
    );
  }
  if ("abandon" in answer) return { status: "cancelled" };
  if (!answer.happened) return { status: "ok", payload: { happened: false } };
  return { status: "ok", payload: { happened: true, output: answer.output ?? null } };
}

function asksWhetherItHappened(info: Json): boolean {
  return typeof info === "object" && info !== null && "type" in info && info.type === "did_it_happen";
}

function unfit(id: string, why: string): PawlError {
  return new PawlError("wait_answer_unfit", `Wait "${id}" cannot take this answer: ${why}`);
}
