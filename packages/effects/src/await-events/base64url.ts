const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const VALUES = new Int8Array(128).fill(-1);
for (let i = 0; i < ALPHABET.length; i++) VALUES[ALPHABET.charCodeAt(i)] = i;

/** Two characters for each 12 bits: half as many look-ups. */
const PAIRS = Array.from(
  { length: 4_096 },
  (_, bits) => `${ALPHABET.charAt(bits >> 6)}${ALPHABET.charAt(bits & 63)}`,
);

/** Base64url without padding (RFC 4648 §5). By hand: through `btoa` and `atob` it costs as much as the signature itself. */
export function encodeBase64url(bytes: Uint8Array): string {
  let text = "";
  let at = 0;
  for (; at + 2 < bytes.length; at += 3) {
    const bits = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
    text += PAIRS[bits >> 12]! + PAIRS[bits & 4_095]!;
  }
  const left = bytes.length - at;
  if (left === 1) text += PAIRS[bytes[at]! << 4]!;
  if (left === 2) {
    const bits = (bytes[at]! << 10) | (bytes[at + 1]! << 2);
    text += PAIRS[bits >> 6]! + ALPHABET.charAt(bits & 63);
  }
  return text;
}

/** Undefined for anything but the one canonical encoding: two texts must never mean one key. */
export function decodeBase64url(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let at = 0;
  let bits = 0;
  let held = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const value = code < 128 ? (VALUES[code] as number) : -1;
    if (value < 0) return undefined;
    held = (held << 6) | value;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = held >> bits;
    held &= (1 << bits) - 1;
  }
  // What is left over must be less than a character, and nothing.
  return bits >= 6 || held !== 0 ? undefined : bytes;
}
