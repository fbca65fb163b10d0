import {
  type CommitReceipt,
  type JsonDigest,
  type Message,
  type SessionId,
  type TurnId,
  verifyReceipt,
} from "@pawl/core";
import type { ErasedSession, InputRecord } from "@pawl/core/ports";

export interface SessionFacts {
  readonly sessionId: SessionId;
  /** In the order of the chain. */
  readonly receipts: readonly CommitReceipt[];
  readonly inputs: readonly InputRecord[];
  readonly transcript: readonly Message[];
  /** What the session itself says is its last receipt's digest. */
  readonly lastDigest: string | null;
}

/** Where a session's history does not hold together. */
export interface BrokenLink {
  /** Of the receipt in the chain, from 0; the number of receipts when what comes after them is wrong. */
  readonly index: number;
  readonly turnId: TurnId | null;
  /**
   * `link`: it does not follow the receipt before it; `input`: an input is missing or has other content; `receipt`: it does not
   * say what its digest says; `messages`: the transcript is not what was committed; `head`: the session ends elsewhere;
   * `anchor`: the digest that was given is not in the chain.
   */
  readonly part: "link" | "input" | "receipt" | "messages" | "head" | "anchor";
  readonly message: string;
}

export interface SessionVerification {
  readonly sessionId: SessionId;
  readonly intact: boolean;
  readonly receipts: number;
  readonly messages: number;
  /** The last receipt's digest: keep it elsewhere and hand it in as the anchor later. */
  readonly head: string | null;
  /** The first one; null when there is none. */
  readonly broken: BrokenLink | null;
  /** When it was erased, milliseconds since the epoch: then only the chain of digests is left to verify. */
  readonly erasedAt: number | null;
}

/**
 * Walks the chain of receipts (D21): each follows the one before it, says what its digest says of the inputs as they are stored, and
 * fits the transcript. Whoever can write the store can write a whole new chain: only a digest that was kept elsewhere, the
 * `anchor`, tells that. Pure.
 */
export function verifySession(facts: SessionFacts, digest: JsonDigest, anchor?: string): SessionVerification {
  const { sessionId, receipts, transcript } = facts;
  const broken = firstBroken(facts, digest) ?? missingAnchor(receipts, anchor);
  return {
    sessionId,
    intact: broken === null,
    receipts: receipts.length,
    messages: transcript.length,
    head: receipts.at(-1)?.digest ?? null,
    broken,
    erasedAt: null,
  };
}

/** Of a session that was erased: each digest that is left names the one before it, and the anchor, if any, is among them. Pure. */
export function verifyErased(
  sessionId: SessionId,
  { chain, erasedAt }: ErasedSession,
  anchor?: string,
): SessionVerification {
  const index = chain.findIndex(({ previous }, at) => previous !== (chain[at - 1]?.digest ?? null));
  const message = "It does not follow the digest before it: one is missing, or was put in.";
  const link: BrokenLink | null = index === -1 ? null : { index, turnId: null, part: "link", message };
  return {
    sessionId,
    intact: (link ?? missingAnchor(chain, anchor)) === null,
    receipts: chain.length,
    messages: 0,
    head: chain.at(-1)?.digest ?? null,
    broken: link ?? missingAnchor(chain, anchor),
    erasedAt,
  };
}

function firstBroken(facts: SessionFacts, digest: JsonDigest): BrokenLink | null {
  const { sessionId, receipts, inputs, transcript, lastDigest } = facts;
  const known = new Map(inputs.map((input) => [input.inputId, input]));
  let previous: string | null = null;
  let messages = 0;
  for (const [index, receipt] of receipts.entries()) {
    const broken = (part: BrokenLink["part"], message: string): BrokenLink => ({
      index,
      turnId: receipt.runId,
      part,
      message,
    });
    if (receipt.previous !== previous || receipt.sessionId !== sessionId) {
      return broken("link", "It does not follow the receipt before it: one is missing, or was put in.");
    }
    const inputDigests: string[] = [];
    for (const id of receipt.inputIds) {
      const input = known.get(id);
      if (input === undefined) return broken("input", `Its input ${id} is missing.`);
      const { content, delivery } = input;
      if (digest({ content, delivery }) !== input.digest)
        return broken("input", `The content of its input ${id} was changed.`);
      inputDigests.push(input.digest);
    }
    if (!verifyReceipt(receipt, inputDigests, digest))
      return broken("receipt", "It, or an input of it, is not what was committed.");
    if (receipt.deltaDigest !== null) {
      if (digest(transcript.slice(messages, receipt.messageCount)) !== receipt.deltaDigest)
        return broken("messages", "The messages of the transcript are not those that were committed.");
      messages = receipt.messageCount;
    }
    previous = receipt.digest;
  }
  const after = { index: receipts.length, turnId: null, part: "head" } as const;
  if (lastDigest !== previous)
    return { ...after, message: "The session names another last receipt: the newest are missing." };
  if (transcript.length !== messages)
    return { ...after, message: "The transcript has messages that no receipt covers." };
  return null;
}

function missingAnchor(
  receipts: readonly { readonly digest: string }[],
  anchor: string | undefined,
): BrokenLink | null {
  if (anchor === undefined || receipts.some(({ digest }) => digest === anchor)) return null;
  const message =
    "The digest that was kept is not in this chain: the history was written anew, or it is of another session.";
  return { index: receipts.length, turnId: null, part: "anchor", message };
}
