import {
  isInnerWait,
  type Json,
  PawlError,
  type Resolution,
  type SessionId,
  type TurnId,
  type WaitIdentity,
} from "@pawl/core";
import type { AwaitEventRecord, AwaitEventRows } from "@pawl/core/ports";
import { type AwaitEvents, formatKey, type KeyBinding, type ResolveOutcome } from "@pawl/effects";
import type { SessionNames } from "./session-names.ts";
import type { WaitSettler } from "./wait-settler.ts";

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
 * How a wait ends. Each kind of wait takes its own answers: "did it happen?" `happened`, an approval a `decision`, a spent budget a
 * `grant`; whatever waits for something else takes a resolution. `abandon` is for whoever cannot or will not say.
 */
export type WaitAnswer =
  | Resolution
  | { readonly happened: true; readonly output?: Json }
  | { readonly happened: false }
  | { readonly decision: "approve" }
  /** Approves the call with these arguments in place of those that were asked for; the tool checks them like any others. */
  | { readonly decision: "edit"; readonly input: Json }
  | { readonly decision: "deny"; readonly reason?: string }
  /** More of a budget: tokens, integer nano US dollars, or both. */
  | { readonly grant: { readonly tokens?: number; readonly costNanoUsd?: number } }
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
  /** Whose waits: those of sessions that it does not see are unknown to it. */
  readonly names: SessionNames;
  /** Opens the store; safe to call again. */
  readonly open: () => Promise<void>;
  readonly rows: AwaitEventRows;
  readonly awaits: () => Promise<AwaitEvents>;
  readonly settler: WaitSettler;
}

export function createWaits({ names, open, rows, awaits, settler }: WaitsOptions): Waits {
  async function load(id: string): Promise<AwaitEventRecord | null> {
    const record = await rows.load(id);
    return record !== null && names.sees(record.sessionId) ? record : null;
  }

  return {
    async list({ sessionId: session, limit = 100 } = {}) {
      await open();
      const pending = await rows.pending({
        limit,
        ...(session !== undefined && { sessionId: names.stored(session) }),
        ...(names.owner !== undefined && { owner: names.owner }),
      });
      return pending.filter(({ wait }) => !isInnerWait(wait)).map((record) => shown(record, names));
    },

    async answer(id, answer, { by }) {
      await open();
      const record = await load(id);
      if (record === null) return { status: "unknown_or_revoked" };
      const result = await settler.settle(record, resolutionOf(record, answer), { name: by, via: "host" });
      if (result.status === "unknown_or_revoked") return result;
      if (result.status === "accepted") return { status: "accepted" };
      return { status: "already_resolved", terminal: result.record.terminal ?? { status: "cancelled" } };
    },

    async key(id, binding) {
      await open();
      const record = await load(id);
      if (record === null || isInnerWait(record.wait)) {
        throw new PawlError(
          "wait_unknown",
          `There is no wait "${id}". List what waits to see the ids; it may also have been revoked.`,
        );
      }
      return formatKey(await (await awaits()).key(record.scope, record.wait, binding));
    },
  };
}

function shown(record: AwaitEventRecord, names: SessionNames): PendingWait {
  const { keyId, turnId, wait, info, createdAt, dueAt } = record;
  const sessionId = record.sessionId && names.shown(record.sessionId);
  return { id: keyId, sessionId, turnId, wait, reason: info, createdAt, dueAt };
}

function resolutionOf({ keyId, wait, info }: AwaitEventRecord, answer: WaitAnswer): Resolution {
  if (isInnerWait(wait)) throw unfit(keyId, "it is decided by the turn itself. Cancel the turn instead.");
  if ("status" in answer) return answer;
  const asked = typeOf(info);
  if ("abandon" in answer) {
    if (asked !== undefined) return { status: "cancelled" };
    throw unfit(keyId, 'what it waits for cannot be abandoned. Answer with { status: "cancelled" }.');
  }
  if ("happened" in answer) {
    if (asked !== "did_it_happen") throw unfit(keyId, "it does not ask whether something happened.");
    if (!answer.happened) return { status: "ok", payload: { happened: false } };
    return { status: "ok", payload: { happened: true, output: answer.output ?? null } };
  }
  if ("decision" in answer) {
    if (asked !== "approval") throw unfit(keyId, "it does not ask for an approval.");
    return { status: "ok", payload: { ...answer } };
  }
  if (asked !== "budget") throw unfit(keyId, "it does not ask for more of a budget.");
  return { status: "ok", payload: granted(keyId, answer.grant) };
}

function granted(keyId: string, { tokens = 0, costNanoUsd = 0 }: GrantedBudget): Json {
  const amounts = [tokens, costNanoUsd];
  if (amounts.every((amount) => Number.isSafeInteger(amount) && amount >= 0) && tokens + costNanoUsd > 0) {
    return { tokens, costNanoUsd };
  }
  throw unfit(keyId, "a grant is a whole number of tokens, or of nano US dollars, above 0.");
}

type GrantedBudget = Extract<WaitAnswer, { readonly grant: unknown }>["grant"];

/** Waits of a turn say what they are for; other waits belong to whoever opened them. */
function typeOf(info: Json): string | undefined {
  if (typeof info !== "object" || info === null || !("type" in info)) return undefined;
  return typeof info.type === "string" ? info.type : undefined;
}

function unfit(id: string, why: string): PawlError {
  return new PawlError("wait_answer_unfit", `Wait "${id}" cannot take this answer: ${why}`);
}
