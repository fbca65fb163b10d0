import {
  canonicalJson,
  checkWaitIdentity,
  type ExecutionScope,
  PawlError,
  type WaitIdentity,
} from "@pawl/core";
import { createSHA256, type IHasher } from "hash-wasm";
import type { AwaitEventKey, KeyBinding } from "./await-events.ts";
import { decodeBase64url, encodeBase64url } from "./base64url.ts";
import { type Hmac, hmacSha256 } from "./hmac-sha256.ts";
import { identityText, type TurnWait, turnWaitOf } from "./identity-text.ts";
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
  const sha256 = await createSHA256();
  const keyIdOf = keyIds(sha256);
  const hmacs = new Map<string, Hmac>();
  for (const { id, bytes } of keyring.all) hmacs.set(id, hmacSha256(sha256, bytes));

  return {
    keyId: keyIdOf,
    sign(scope, wait, binding) {
      const secretId = keyring.current.id;
      const hmac = hmacs.get(secretId);
      if (hmac === undefined)
        throw new PawlError("await_event_key_sign", "The signing secret is not loaded.");
      const keyId = keyIdOf(scope, wait);
      const signature = encodeBase64url(hmac(signedText(keyId, secretId, binding)));
      // Most keys are bound to nothing, and such an object is made at once.
      if (binding === undefined) return { scope, wait, keyId, secretId, signature };
      return { scope, wait, keyId, secretId, ...binding, signature };
    },
    verify(key) {
      const given = decodeBase64url(key.signature);
      let expected: Uint8Array | undefined;
      let isItsId: boolean;
      try {
        // Recomputed and not believed: a key whose id is another event's must not resolve that. Nor does it take less time.
        const keyId = keyIdOf(key.scope, key.wait);
        isItsId = keyId === key.keyId;
        const signed = signedText(keyId, key.secretId, key);
        const hmac = hmacs.get(key.secretId);
        // The same work for a secret that is not known here.
        if (hmac === undefined) hmacs.get(keyring.current.id)?.(signed);
        else expected = hmac(signed);
      } catch {
        return false;
      }
      return isItsId && expected !== undefined && given !== undefined && equalBytes(given, expected);
    },
  };
}

/** Ids that are remembered. Minting, registering and answering a key ask for the same one within moments. */
const MOST_REMEMBERED = 256;

/**
 * `awaitEventKeyId`, which hashes what it was asked for lately only once. Looked up by the names that the event was given, whose hashes
 * the engine keeps: to make a text of them and to hash that for the look-up costs as much as half an HMAC. Ids are no secrets: they may
 * take less time.
 *
 * @throws PawlError (the function that it returns) `invalid_await_event_wait_identity`, `await_event_key_hash`
 */
function keyIds(sha256: IHasher): (scope: ExecutionScope, wait: WaitIdentity) => string {
  const ofTurns = new Map<string, { readonly of: TurnWait; readonly id: string }[]>();
  let remembered = 0;
  const hashed = (text: string) => sha256.init().update(text).digest("hex");
  return (scope, wait) => {
    checkWaitIdentity(wait);
    const usual = turnWaitOf(scope, wait);
    if (usual === undefined) return hashed(hashedText(scope, wait, usual));
    const ofTurn = ofTurns.get(usual.turnId);
    for (const one of ofTurn ?? []) if (isSame(one.of, usual)) return one.id;
    const id = hashed(hashedText(scope, wait, usual));
    if (remembered >= MOST_REMEMBERED) ofTurns.clear();
    remembered = remembered >= MOST_REMEMBERED ? 1 : remembered + 1;
    ofTurns.set(usual.turnId, [...(ofTurns.get(usual.turnId) ?? []), { of: usual, id }]);
    return id;
  };
}

function isSame(a: TurnWait, b: TurnWait): boolean {
  return a.name === b.name && a.type === b.type && a.sessionId === b.sessionId && a.turnId === b.turnId;
}

function hashedText(scope: ExecutionScope, wait: WaitIdentity, usual: TurnWait | undefined): string {
  try {
    return identityText(scope, wait, usual);
  } catch (cause) {
    if (PawlError.from(cause).code !== "not_json") throw cause;
    throw new PawlError("await_event_key_hash", "The identity of an await-event must be plain JSON.", {
      cause,
    });
  }
}

/** Members of a key that the signed text does not carry as JSON. */
const OUTSIDE = new Set(["scope", "wait", "keyId", "secretId", "signature"]);

/**
 * What the signature covers: everything but itself. Scope and identity stand in it by their digest, the key id, which is never believed
 * but recomputed; that halves the text. Unambiguous: the id has a fixed length, and a secret is only found by a name without colons.
 */
function signedText(keyId: string, secretId: string, binding: KeyBinding | undefined): string {
  const head = `pawl-await-event-key:1:${keyId}:${secretId}:`;
  for (const name in binding) if (!OUTSIDE.has(name)) return head + canonicalJson(bindingOf(binding ?? {}));
  return `${head}{}`;
}

/** What a key is bound to, and whatever else somebody wrote into it. */
function bindingOf(key: Partial<AwaitEventKey>): KeyBinding {
  const { scope: _, wait: __, keyId: ___, secretId: ____, signature: _____, ...rest } = key;
  return rest;
}

/** Compares all bytes, wherever the first difference is. */
function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}
