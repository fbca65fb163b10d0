import {
  awaitEventKeyId,
  canonicalJson,
  type ExecutionScope,
  type JsonDigest,
  PawlError,
  type WaitIdentity,
} from "@pawl/core";
import { createHMAC, createSHA256, type IHasher } from "hash-wasm";
import type { AwaitEventKey, KeyBinding } from "./await-events.ts";
import { decodeBase64url, encodeBase64url } from "./base64url.ts";
import type { Keyring } from "./keyring.ts";

/** Makes and checks keys. */
export interface KeySigner {
  sign(scope: ExecutionScope, wait: WaitIdentity, binding?: KeyBinding): AwaitEventKey;
  /** True when this host signed exactly this key. The time that it takes says nothing about where a key differs. */
  verify(key: AwaitEventKey): boolean;
  keyId(scope: ExecutionScope, wait: WaitIdentity): string;
}

/** HMACs are made once per secret: making one costs three times what signing with it does. @throws PawlError `await_event_key_sign` */
export async function createKeySigner(keyring: Keyring): Promise<KeySigner> {
  const digest = await rememberingDigest();
  const hmacs = new Map<string, IHasher>();
  for (const { id, bytes } of keyring.all) hmacs.set(id, await createHMAC(createSHA256(), bytes));

  function signatureOf(secretId: string, unsigned: Omit<AwaitEventKey, "signature">): Uint8Array | undefined {
    const hmac = hmacs.get(secretId);
    if (hmac === undefined) return undefined;
    hmac.init();
    hmac.update(signedText(unsigned));
    return hmac.digest("binary");
  }

  return {
    keyId: (scope, wait) => keyIdOf(scope, wait, digest),
    sign(scope, wait, binding = {}) {
      const secretId = keyring.current.id;
      const unsigned = { scope, wait, keyId: keyIdOf(scope, wait, digest), secretId, ...binding };
      const signature = signatureOf(secretId, unsigned);
      if (signature === undefined)
        throw new PawlError("await_event_key_sign", "The signing secret is not loaded.");
      return { ...unsigned, signature: encodeBase64url(signature) };
    },
    verify(key) {
      const { signature, ...unsigned } = key;
      const given = decodeBase64url(signature);
      let expected: Uint8Array | undefined;
      try {
        // Recomputed and not believed: a key whose id is another event's must not resolve that.
        if (keyIdOf(key.scope, key.wait, digest) !== key.keyId) return false;
        expected = signatureOf(key.secretId, unsigned);
        // The same work for a secret that is not known here.
        if (expected === undefined) signatureOf(keyring.current.id, unsigned);
      } catch {
        return false;
      }
      return expected !== undefined && given !== undefined && equalBytes(given, expected);
    },
  };
}

/** Ids that are remembered. Minting, registering and answering a key ask for the same one within moments. */
const MOST_REMEMBERED = 256;

/** The digest of `loadJsonDigest`, which hashes what it was asked for lately only once. Ids are no secrets: they may take less time. */
async function rememberingDigest(): Promise<JsonDigest> {
  const sha256 = await createSHA256();
  const known = new Map<string, string>();
  return (value) => {
    const text = canonicalJson(value);
    let id = known.get(text);
    if (id === undefined) {
      sha256.init();
      sha256.update(text);
      id = sha256.digest("hex");
      if (known.size >= MOST_REMEMBERED) known.clear();
      known.set(text, id);
    }
    return id;
  };
}

function keyIdOf(scope: ExecutionScope, wait: WaitIdentity, digest: JsonDigest): string {
  try {
    return awaitEventKeyId(scope, wait, digest);
  } catch (cause) {
    if (PawlError.from(cause).code !== "not_json") throw cause;
    throw new PawlError("await_event_key_hash", "The identity of an await-event must be plain JSON.", {
      cause,
    });
  }
}

/**
 * What the signature covers: everything but itself. Scope and identity stand in it by their digest, the key id, which is never believed
 * but recomputed; that halves the text. Unambiguous: the id has a fixed length, and a secret is only found by a name without colons.
 */
function signedText({
  scope: _,
  wait: __,
  keyId,
  secretId,
  ...rest
}: Omit<AwaitEventKey, "signature">): string {
  return `pawl-await-event-key:1:${keyId}:${secretId}:${canonicalJson(rest)}`;
}

/** Compares all bytes, wherever the first difference is. */
function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}
