import { type Json, loadJsonDigest } from "@pawl/core";
import type { AwaitEventRecord, AwaitEventRows, Clock, Log, Sessions } from "@pawl/core/ports";
import { type AwaitEventKey, type AwaitEvents, formatKey, type KeyBinding, parseKey } from "@pawl/effects";
import { checkToolInput } from "@pawl/effects/await-events";
import { argumentHash } from "@pawl/effects/guards";
import { type ApprovalReason, approvalReason } from "./approval-view.ts";
import {
  approvalInputInvalid,
  approvalLinkExpired,
  approvalLinkUnknown,
  argumentsChanged,
  publicUrlMissing,
} from "./errors.ts";

/** A capability to answer one approval: whoever holds it answers as `for`, once. Never store or log it. */
export interface ApprovalLink {
  readonly url: string;
  readonly key: string;
}

export interface LinkOptions {
  /** Whose link it is: its answers are recorded under this name, and it is part of what is signed. Default `link`. */
  readonly for?: string;
  /** Milliseconds since the epoch, when the link stops working; at the latest with the approval itself. */
  readonly expiresAt?: number;
}

export interface ApprovalLinksOptions {
  readonly rows: AwaitEventRows;
  readonly awaits: () => Promise<AwaitEvents>;
  readonly clock: Pick<Clock, "now">;
  readonly publicUrl: string | (() => string | undefined) | undefined;
  readonly askedInput: (record: AwaitEventRecord) => Promise<Json | undefined>;
}

/** An approval as the holder of a link has it. */
export interface OpenedLink {
  readonly record: AwaitEventRecord;
  readonly reason: ApprovalReason;
  /** Whose link it is. */
  readonly audience: string;
  /** The link's own, milliseconds since the epoch; null: none. */
  readonly expiresAt: number | null;
}

export interface ApprovalLinks {
  /** Also for waits that ask something else. @throws PawlError `public_url_missing` */
  mint(record: AwaitEventRecord, options: LinkOptions): Promise<ApprovalLink>;
  /**
   * Reads a link without deciding anything.
   *
   * @throws PawlError `approval_link_unknown`, `approval_link_expired`, `approval_arguments_changed`
   */
  open(key: string): Promise<OpenedLink>;
}

const UNNAMED = "link";

export function createApprovalLinks(options: ApprovalLinksOptions): ApprovalLinks {
  const { rows, awaits, clock, publicUrl, askedInput } = options;

  /** The key binds what is answered: where that was changed, the key is no key to it any more. */
  async function checkSubject(key: AwaitEventKey, record: AwaitEventRecord, reason: ApprovalReason) {
    const now = argumentHash(reason.tool, reason.input, await loadJsonDigest());
    const { subject } = key;
    const fits =
      subject?.tool === reason.tool &&
      subject.argumentHash === now &&
      subject.policyHash === reason.policyHash;
    if (!fits) throw argumentsChanged(record.keyId, reason.input, await askedInput(record));
  }

  return {
    async mint(record, { for: audience, expiresAt }) {
      const base = baseOf(typeof publicUrl === "function" ? publicUrl() : publicUrl);
      const reason = approvalReason(record);
      const ends = Math.min(expiresAt ?? Infinity, record.dueAt ?? Infinity);
      const binding: KeyBinding = {
        audience: audience?.trim() || UNNAMED,
        ...(reason && { subject: await subjectOf(reason) }),
        ...(Number.isFinite(ends) && { expiresAt: ends }),
      };
      const key = formatKey(await (await awaits()).key(record.scope, record.wait, binding));
      return { url: `${base}/a/${key}`, key };
    },

    async open(text) {
      const key = parseKey(text);
      // A key without a subject answers some other wait, and a control wait is nobody's to answer.
      if (key?.subject === undefined || !(await awaits()).verify(key)) throw approvalLinkUnknown();
      const record = await rows.load(key.keyId);
      const reason = record === null ? undefined : approvalReason(record);
      if (record === null || reason === undefined) throw approvalLinkUnknown();
      await checkSubject(key, record, reason);
      // What was decided may be seen for as long as it is known.
      if (record.terminal === null && key.expiresAt !== undefined && key.expiresAt <= clock.now()) {
        throw approvalLinkExpired();
      }
      return { record, reason, audience: key.audience ?? UNNAMED, expiresAt: key.expiresAt ?? null };
    },
  };
}

async function subjectOf({ tool, input, policyHash }: ApprovalReason): Promise<KeyBinding["subject"] & {}> {
  return { tool, argumentHash: argumentHash(tool, input, await loadJsonDigest()), policyHash };
}

function baseOf(url: string | undefined): string {
  if (url === undefined || !URL.canParse(url)) throw publicUrlMissing();
  return url.replace(/\/+$/, "");
}

/** The arguments that the turn itself asked for: its log says so, whatever became of the wait's own row. */
export function askedInputOf({ log }: { readonly log: Log }) {
  return async ({ sessionId, turnId, wait }: AwaitEventRecord): Promise<Json | undefined> => {
    if (sessionId === null || turnId === null || wait.type !== "custom") return undefined;
    // The wait is named after the call and its attempt, and so is the effect that waits.
    const [, call, attempt] = /^approval:(.+):(\d+)$/.exec(wait.key) ?? [];
    const effectId = attempt === "0" ? `${call}/0.wait` : `${call}/${attempt}.attempt/0.wait`;
    const rows = await log.read(sessionId, { turnId });
    for (const { body } of rows) {
      if (body.kind !== "machine_input") continue;
      for (const event of body.events ?? []) {
        if (event.type !== "wait.opened" || event.effectId !== effectId) continue;
        if (event.reason.type === "approval") return event.reason.input;
      }
    }
    return undefined;
  };
}

/** @throws PawlError `approval_input_invalid` */
export async function checkEditedInput(
  { sessions, log }: { readonly sessions: Sessions; readonly log: Log },
  { sessionId, turnId }: AwaitEventRecord,
  tool: string,
  input: Json,
): Promise<void> {
  if (sessionId === null || turnId === null) return;
  const [first] = await log.read(sessionId, { turnId, limit: 1 });
  const hash = first?.body.kind === "machine_input" ? first.body.turn?.config : undefined;
  const config = hash === undefined ? null : await sessions.loadConfig(hash);
  const definition = config?.tools.find(({ name }) => name === tool);
  const problem = definition && (await checkToolInput(definition, input));
  if (problem !== undefined) throw approvalInputInvalid(tool, problem);
}
