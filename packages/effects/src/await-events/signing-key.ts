import { decodeBase64url, encodeBase64url } from "./base64url.ts";

/** A private Ed25519 key (RFC 8032). One key and one text have one signature, wherever it is made. */
export interface SigningKey {
  /** The public key that belongs to it, raw, base64url. */
  readonly publicKey: string;
  sign(bytes: Uint8Array<ArrayBuffer>): Uint8Array | Promise<Uint8Array>;
}

const SAMPLE = new TextEncoder().encode("pawl-approval") as Uint8Array<ArrayBuffer>;

/**
 * Reads a private key, PKCS #8, base64url. It signs on the calling thread where the runtime can, which takes half as long as Web Crypto's
 * way through another thread; that one works everywhere.
 *
 * @throws Error for text that is no such key
 */
export async function readSigningKey(text: string): Promise<SigningKey> {
  const bytes = decodeBase64url(text);
  if (bytes === undefined) throw new Error("not base64url");
  const pkcs8 = new Uint8Array(bytes);
  const key = await webSigningKey(pkcs8);
  const sign = builtInSign(pkcs8);
  // A runtime may only seem to have it: what does not sign as Web Crypto does is not used.
  if (sign === undefined || !isSame(sign(SAMPLE), await key.sign(SAMPLE))) return key;
  return { publicKey: key.publicKey, sign };
}

/** Signs with Web Crypto. @throws DOMException for bytes that are no private Ed25519 key */
export async function webSigningKey(pkcs8: Uint8Array<ArrayBuffer>): Promise<SigningKey> {
  const key = await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", true, ["sign"]);
  const { x } = await crypto.subtle.exportKey("jwk", key);
  if (x === undefined) throw new Error("no public key");
  return {
    publicKey: x,
    sign: async (bytes) => new Uint8Array(await crypto.subtle.sign("Ed25519", key, bytes)),
  };
}

/** What is used here of the module `crypto` that server runtimes bring along. */
interface BuiltInCrypto {
  createPrivateKey(key: { readonly key: Uint8Array; readonly format: "der"; readonly type: "pkcs8" }): object;
  sign(algorithm: null, bytes: Uint8Array, key: object): Uint8Array;
}

/** Undefined where the runtime has no such module, as in a browser, or the module no such key. */
export function builtInSign(pkcs8: Uint8Array): ((bytes: Uint8Array) => Uint8Array) | undefined {
  const { process } = globalThis as {
    process?: { getBuiltinModule?: (name: string) => BuiltInCrypto | undefined };
  };
  const builtIn = process?.getBuiltinModule?.("node:crypto");
  if (builtIn === undefined) return undefined;
  try {
    const key = builtIn.createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });
    const sign = (bytes: Uint8Array) => builtIn.sign(null, bytes, key);
    sign(SAMPLE);
    return sign;
  } catch {
    return undefined;
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return encodeBase64url(a) === encodeBase64url(b);
}
