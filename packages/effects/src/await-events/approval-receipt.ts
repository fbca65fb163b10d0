import { type ApprovalDecision, canonicalJson, type Json, PawlError, type ResolvedBy } from "@pawl/core";
import { decodeBase64url, encodeBase64url } from "./base64url.ts";
import { readSigningKey, type SigningKey } from "./signing-key.ts";

/** What was decided about a call: enough to prove it later to somebody who has only this and the host's public key. */
export interface ApprovalFacts {
  readonly approvalId: string;
  readonly sessionId: string | null;
  readonly turnId: string | null;
  readonly tool: string;
  readonly input: Json;
  /** SHA-256 of the canonical JSON of tool and arguments. */
  readonly argumentHash: string;
  readonly policyHash: string;
  readonly decision: ApprovalDecision;
  /** The arguments that were approved in place of those that were asked for. */
  readonly editedInput?: Json;
  readonly reason?: string;
  /** A person's name, or what ended it: `deadline`, `turn`. */
  readonly by: string;
  /** `key`: by a link; `host`: by somebody who may use the host. */
  readonly via: ResolvedBy["via"];
  /** Milliseconds since the epoch. */
  readonly askedAt: number;
  readonly decidedAt: number;
}

export interface ApprovalReceipt extends ApprovalFacts {
  readonly format: "pawl-approval";
  readonly version: 1;
  /** The host's Ed25519 public key, raw, base64url. Compare it with one that you got in another way. */
  readonly publicKey: string;
  /** Ed25519 (RFC 8032) over the canonical JSON of everything else, base64url. */
  readonly signature: string;
}

/** Signs receipts with one Ed25519 key. */
export interface ReceiptSigner {
  readonly publicKey: string;
  sign(facts: ApprovalFacts): Promise<ApprovalReceipt>;
}

/** A new private key, PKCS #8, base64url: what a host keeps. */
export async function createReceiptKey(): Promise<string> {
  const pair = (await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"])) as CryptoKeyPair;
  return encodeBase64url(new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey)));
}

/** @throws PawlError `secret_invalid` for text that `createReceiptKey` did not make */
export async function createReceiptSigner(privateKey: string): Promise<ReceiptSigner> {
  const key = await importPrivate(privateKey);
  const { publicKey } = key;
  return {
    publicKey,
    async sign(facts) {
      const unsigned = { format: "pawl-approval", version: 1, ...facts, publicKey } as const;
      return { ...unsigned, signature: encodeBase64url(await key.sign(bytesOf(unsigned))) };
    },
  };
}

/** Why a receipt does not prove anything; undefined when it says what its key signed. */
export type ReceiptFault = "not_a_receipt" | "altered" | "other_key";

/**
 * Checks a receipt with nothing but itself. Whose key it was, the reader must know: with `publicKey` a receipt that somebody else
 * signed is refused too. Never throws.
 */
export async function checkApprovalReceipt(
  receipt: unknown,
  { publicKey }: { readonly publicKey?: string } = {},
): Promise<ReceiptFault | undefined> {
  if (!isReceipt(receipt)) return "not_a_receipt";
  if (publicKey !== undefined && receipt.publicKey !== publicKey) return "other_key";
  try {
    const { signature, ...unsigned } = receipt;
    const given = decodeBase64url(signature);
    const raw = decodeBase64url(receipt.publicKey);
    if (given === undefined || raw === undefined) return "altered";
    const key = await crypto.subtle.importKey("raw", copyOf(raw), "Ed25519", false, ["verify"]);
    const holds = await crypto.subtle.verify("Ed25519", key, copyOf(given), bytesOf(unsigned));
    return holds ? undefined : "altered";
  } catch {
    return "altered";
  }
}

/**
 * As `checkApprovalReceipt`, of a file's text. Text in which a member occurs twice is refused: one reader would see the first, another
 * the last.
 */
export async function checkApprovalReceiptText(
  text: string,
  options: { readonly publicKey?: string } = {},
): Promise<ReceiptFault | undefined> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "not_a_receipt";
  }
  if (JSON.stringify(value) !== withoutSpace(text)) return isReceipt(value) ? "altered" : "not_a_receipt";
  return checkApprovalReceipt(value, options);
}

function isReceipt(value: unknown): value is ApprovalReceipt {
  if (typeof value !== "object" || value === null) return false;
  const { format, version, publicKey, signature } = value as Partial<ApprovalReceipt>;
  return (
    format === "pawl-approval" &&
    version === 1 &&
    typeof publicKey === "string" &&
    typeof signature === "string"
  );
}

/** JSON text without what stands between its tokens. */
function withoutSpace(json: string): string {
  return json.replaceAll(/("(?:[^"\\]|\\.)*")|[\t\n\r ]+/g, (_, text: string | undefined) => text ?? "");
}

async function importPrivate(text: string): Promise<SigningKey> {
  try {
    return await readSigningKey(text);
  } catch (cause) {
    throw new PawlError(
      "secret_invalid",
      "The key that signs approval receipts cannot be read: restore it, or remove it to make a new one.",
      { cause },
    );
  }
}

function bytesOf(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(canonicalJson(value)) as Uint8Array<ArrayBuffer>;
}

function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
