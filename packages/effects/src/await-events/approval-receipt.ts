import { canonicalJson, type Json, PawlError } from "@pawl/core";
import { decodeBase64url, encodeBase64url } from "./base64url.ts";

/** What was decided about a call: enough to prove it later to somebody who has only this and the host's public key. */
export interface ApprovalFacts {
  readonly approvalId: string;
  readonly sessionId: string;
  readonly turnId: string;
  readonly tool: string;
  readonly input: Json;
  /** SHA-256 of the canonical JSON of tool and arguments. */
  readonly argumentHash: string;
  readonly policyHash: string;
  readonly decision: "approved" | "edited" | "denied" | "expired" | "cancelled";
  /** The arguments that were approved in place of those that were asked for. */
  readonly editedInput?: Json;
  readonly reason?: string;
  readonly by: string;
  /** Milliseconds since the epoch by the store's clock. */
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
  const { key, publicKey } = await importPrivate(privateKey);
  return {
    publicKey,
    async sign(facts) {
      const unsigned = { format: "pawl-approval", version: 1, ...facts, publicKey } as const;
      const signature = await crypto.subtle.sign("Ed25519", key, bytesOf(unsigned));
      return { ...unsigned, signature: encodeBase64url(new Uint8Array(signature)) };
    },
  };
}

/** True when this receipt says what its key signed. Whose key that is, the reader must know. Never throws. */
export async function verifyApprovalReceipt(receipt: ApprovalReceipt): Promise<boolean> {
  try {
    const { signature, ...unsigned } = receipt;
    const given = decodeBase64url(signature);
    const raw = decodeBase64url(receipt.publicKey);
    if (
      given === undefined ||
      raw === undefined ||
      receipt.format !== "pawl-approval" ||
      receipt.version !== 1
    )
      return false;
    const key = await crypto.subtle.importKey("raw", copyOf(raw), "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", key, copyOf(given), bytesOf(unsigned));
  } catch {
    return false;
  }
}

async function importPrivate(text: string): Promise<{ key: CryptoKey; publicKey: string }> {
  try {
    const bytes = decodeBase64url(text);
    if (bytes === undefined) throw new Error("not base64url");
    const key = await crypto.subtle.importKey("pkcs8", copyOf(bytes), "Ed25519", true, ["sign"]);
    const { x } = await crypto.subtle.exportKey("jwk", key);
    if (x === undefined) throw new Error("no public key");
    return { key, publicKey: x };
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
