import {
  isInnerWait,
  type Json,
  PawlError,
  type Resolution,
  type SessionId,
  scopeSessionId,
  type TurnId,
  type WaitIdentity,
  type WaitReason,
} from "@pawl/core";
import type { AwaitEventRecord, AwaitEventRows, Clock } from "@pawl/core/ports";
import { type AwaitEvents, formatKey, type KeyBinding, parseKey, type ResolveOutcome } from "@pawl/effects";
import type { ApprovalLink, ApprovalLinks, LinkOptions } from "./approval-links.ts";
import type { ReadWaits } from "./read-waits.ts";
import type { SessionNames } from "./session-names.ts";
import type { Answerer, SettleResult, WaitSettler } from "./wait-settler.ts";

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

/** `late`: its turn had ended without it; the session is told of it in a turn of its own (D18). */
export type WaitOutcome = ResolveOutcome | { readonly status: "late" };

/** A wait as the holder of a key has it. */
export interface KeyedWait extends PendingWait {
  /** Whose key it is. */
  readonly audience: string;
  /** How it has ended; null while it is open. */
  readonly terminal: Resolution | null;
}

export interface Waits {
  /** Unanswered waits, oldest first. Default limit 100. */
  list(query?: { readonly sessionId?: string; readonly limit?: number }): Promise<readonly PendingWait[]>;
  /**
   * Answers for the host itself, which needs no key: whoever may call this may answer. The first answer wins, and a turn that was
   * parked goes on in any process. `by` is who answered, for the record.
   *
   * @throws PawlError `wait_answer_unfit` for an answer that this wait cannot take, `wait_answer_early` for a "no" that nobody can know
   * yet (D12)
   */
  answer(id: string, answer: WaitAnswer, options: { readonly by: string }): Promise<WaitOutcome>;
  /** Answers with a key, as whom it was made for. @throws PawlError as `answer` */
  resolve(key: string, answer: WaitAnswer): Promise<WaitOutcome>;
  /** What a key answers. Null for a key that answers nothing: forged, unknown and revoked keys look the same. */
  look(key: string): Promise<KeyedWait | null>;
  /** A key as a link, for whoever shall answer. @throws PawlError `wait_unknown`, `public_url_missing` */
  link(id: string, options?: LinkOptions): Promise<ApprovalLink>;
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
  readonly readWaits: ReadWaits;
  readonly links: Pick<ApprovalLinks, "mint">;
  readonly clock: Pick<Clock, "now">;
}

export function createWaits(options: WaitsOptions): Waits {
  const { names, open, rows, awaits, settler, readWaits, links, clock } = options;

  async function load(id: string): Promise<AwaitEventRecord | null> {
    const record = await rows.load(id);
    return record !== null && names.sees(record.sessionId) ? record : null;
  }

  /** One statement where nothing has to be read before; else nothing was written, and the answer goes the general way. */
  async function answeredAtOnce(id: string, answer: WaitAnswer, who: Answerer): Promise<boolean> {
    const read = readWaits.take(id);
    if (read !== undefined) {
      if (!names.sees(read.sessionId)) return false;
      return (await settler.settleAsRead(read, resolutionOf(read, answer), who)) !== undefined;
    }
    // A call that is answered later takes any result, from whoever may answer everything.
    if (!("status" in answer) || names.owner !== undefined) return false;
    return (await rows.resolveOpen(id, answer, who, TOOL_PENDING)) !== undefined;
  }

  /** Undefined for a key that answers nothing. A key that binds what it approves is one for `host.approvals`. */
  async function keyed(text: string) {
    const key = parseKey(text);
    if (key === undefined || key.subject !== undefined || isInnerWait(key.wait)) return undefined;
    await open();
    const events = await awaits();
    if (!events.verify(key)) return undefined;
    const record = await rows.load(key.keyId);
    const sessionId = (scopeSessionId(key.scope) ?? null) as SessionId | null;
    if (record === null && (await rows.isRevoked({ keyId: key.keyId, sessionId }))) return undefined;
    return { key, record };
  }

  return {
    async list({ sessionId: session, limit = 100 } = {}) {
      await open();
      const pending = await rows.pending({
        limit,
        ...(session !== undefined && { sessionId: names.stored(session) }),
        ...(names.owner !== undefined && { owner: names.owner }),
      });
      const shownOnes = pending.filter(({ wait }) => !isInnerWait(wait));
      readWaits.note(shownOnes);
      return shownOnes.map((record) => shown(record, names));
    },

    async answer(id, answer, { by }) {
      await open();
      const who = { name: by, via: "host" } as const;
      if (await answeredAtOnce(id, answer, who)) return { status: "accepted" };
      const record = await load(id);
      if (record === null) return { status: "unknown_or_revoked" };
      return outcomeOf(await settler.settle(record, resolutionOf(record, answer), who));
    },

    async resolve(text, answer) {
      const found = await keyed(text);
      if (found === undefined) return { status: "unknown_or_revoked" };
      const { key, record } = found;
      const isOpen = record?.terminal == null;
      if (isOpen && key.expiresAt !== undefined && key.expiresAt <= clock.now()) {
        return { status: "unknown_or_revoked" };
      }
      const by = { name: key.audience ?? "key", via: "key" } as const;
      if (record !== null) return outcomeOf(await settler.settle(record, resolutionOf(record, answer), by));
      // Nobody waits yet: a plain resolution is kept until somebody does.
      if (!("status" in answer)) throw unfit(key.keyId, "nothing is known of it yet. Send a result.");
      return (await awaits()).resolve(key, answer, by);
    },

    async look(text) {
      const found = await keyed(text);
      if (found?.record == null) return null;
      const { key, record } = found;
      return { ...shown(record, names), audience: key.audience ?? "key", terminal: record.terminal };
    },

    async link(id, options = {}) {
      await open();
      const record = await load(id);
      if (record === null || isInnerWait(record.wait)) throw waitUnknown(id);
      return links.mint(record, options);
    },

    async key(id, binding) {
      await open();
      const record = await load(id);
      if (record === null || isInnerWait(record.wait)) {
        throw waitUnknown(id);
      }
      return formatKey(await (await awaits()).key(record.scope, record.wait, binding));
    },
  };
}

const TOOL_PENDING = { infoType: "tool_pending" satisfies WaitReason["type"] } as const;

function waitUnknown(id: string): PawlError {
  return new PawlError(
    "wait_unknown",
    `There is no wait "${id}". List what waits to see the ids; it may also have been revoked.`,
  );
}

function outcomeOf(result: SettleResult): WaitOutcome {
  if (result.status !== "already_resolved") return { status: result.status };
  return { status: "already_resolved", terminal: result.record.terminal ?? { status: "cancelled" } };
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
