import {
  type CommitReceipt,
  canonicalJson,
  type Json,
  type LogRow,
  PawlError,
  type SessionId,
  type TurnConfig,
  type TurnId,
} from "@pawl/core";
import type { Store } from "@pawl/core/ports";
import { turnPruned } from "../errors.ts";

/** A turn as it can be carried elsewhere: everything that a replay needs, and nothing of the session around it. Plain JSON. */
export interface TurnRecord {
  readonly format: "pawl-turn";
  readonly version: 1;
  readonly sessionId: string;
  readonly turnId: string;
  readonly config: TurnConfig;
  readonly rows: readonly LogRow[];
  /** Null while the turn is open. */
  readonly receipt: CommitReceipt | null;
  /** Contents were replaced: the receipt's digests are those of the original. */
  readonly redacted: boolean;
}

/** @throws PawlError `turn_unknown` when the store holds no row of this turn, `turn_pruned`, `store_corrupt_row` */
export async function loadTurnRecord(
  store: Store<never>,
  sessionId: SessionId,
  turnId: TurnId,
): Promise<TurnRecord> {
  const rows = await store.log.read(sessionId, { turnId });
  if (rows.some(({ body }) => body.kind === "pruned" && body.what === "turn")) throw turnPruned(turnId);
  const first = rows[0]?.body;
  const hash = first?.kind === "machine_input" ? first.turn?.config : undefined;
  if (hash === undefined) {
    throw new PawlError("turn_unknown", `Turn "${turnId}" has not begun: there is nothing to replay.`);
  }
  const config = await store.sessions.loadConfig(hash);
  if (config === null) {
    const message = `The configuration of turn ${turnId} is missing. Restore it from a backup.`;
    throw new PawlError("store_corrupt_row", message, { blame: "infrastructure" });
  }
  const receipt = (await store.sessions.loadCommitted(turnId))?.receipt ?? null;
  return { format: "pawl-turn", version: 1, sessionId, turnId, config, rows, receipt, redacted: false };
}

/** Names of members whose values are never written to an export. */
const SECRET_NAME =
  /pass(word|wd)?|secret|token|api[-_]?key|authorization|credential|cookie|private[-_]?key/i;
/** Text that is a credential whatever its name: bearer headers, and keys of well-known providers. */
const SECRET_TEXT =
  /\b(bearer\s+[\w.~+/-]{8,}=*|sk-[\w-]{16,}|gh[pousr]_\w{20,}|xox[abprs]-[\w-]{10,}|AKIA[0-9A-Z]{16})/gi;
/** What a command line, a query or an environment says after a name like one. Bounded, so that no text takes long. */
const SECRET_ARGUMENT =
  /((?:--?[\w-]{0,40}(?:password|passwd|secret|token|api[-_]?key|credential)[\w-]{0,40}(?:=|\s+))|(?:[?&]|\b)\w{0,40}(?:password|passwd|secret|token|api[-_]?key|credential)\w{0,40}=)[^\s&"',;]+/gi;
/** The password of an address. */
const SECRET_LOGIN = /(:\/\/[^\s/:@]{0,100}:)[^\s/@]{1,200}@/g;

/**
 * The same record without credentials: members that are named like one, and text that looks like one. What a replay matches is
 * replaced everywhere alike, so the redacted record replays as the original does. Streamed pieces of text are left out: half a
 * credential looks like none, and a replay does not need them.
 */
export function redactTurnRecord(record: TurnRecord): TurnRecord {
  const whole = { ...record, rows: record.rows.filter(({ body }) => body.kind !== "text_delta") };
  const redacted = redact(whole as unknown as Json) as unknown as TurnRecord;
  // What names things is kept: a redacted id would not fit its rows any more. An outcome is content like any other.
  const { sessionId, turnId } = record;
  const receipt = record.receipt && { ...record.receipt, outcome: redacted.receipt?.outcome ?? null };
  const kept = { ...redacted, sessionId, turnId, receipt };
  const changed = canonicalJson(kept) !== canonicalJson(whole);
  return { ...kept, redacted: record.redacted || changed };
}

function redactText(text: string): string {
  return text
    .replace(SECRET_TEXT, "[redacted]")
    .replace(SECRET_ARGUMENT, "$1[redacted]")
    .replace(SECRET_LOGIN, "$1[redacted]@");
}

function redact(value: Json, name = ""): Json {
  if (typeof value === "string") {
    return SECRET_NAME.test(name) ? "[redacted]" : redactText(value);
  }
  if (Array.isArray(value)) return value.map((item: Json) => redact(item, name));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, redact(member, key)]));
}
