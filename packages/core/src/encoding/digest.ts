import { createSHA256 } from "hash-wasm";
import { canonicalJson } from "./canonical-json.ts";

/** Lower-case hex SHA-256 of canonical JSON (RFC 8785). */
export type JsonDigest = (value: unknown) => string;

/** Lower-case hex SHA-256 of bytes. */
export type BytesDigest = (bytes: Uint8Array) => string;

let loading: Promise<JsonDigest> | undefined;

/**
 * Loads the hash once; the function that it resolves to is synchronous. One hash object is reused, since making one
 * costs more than hashing a small value.
 */
export function loadJsonDigest(): Promise<JsonDigest> {
  loading ??= load();
  return loading;
}

let loadingBytes: Promise<BytesDigest> | undefined;

/** As `loadJsonDigest`, for bytes as they are. */
export function loadBytesDigest(): Promise<BytesDigest> {
  loadingBytes ??= createSHA256().then((sha256) => (bytes) => {
    sha256.init();
    sha256.update(bytes);
    return sha256.digest("hex");
  });
  return loadingBytes;
}

async function load(): Promise<JsonDigest> {
  const sha256 = await createSHA256();
  return (value) => {
    const text = canonicalJson(value);
    sha256.init();
    sha256.update(text);
    return sha256.digest("hex");
  };
}
