/** Where fresh ids and secrets come from. Handed in, so that a test can make every byte repeatable. */
export interface IdSource {
  /** A fresh id with this prefix: `mint("job")` is `job_…`. Letters, digits and underscores only. */
  mint(prefix: IdPrefix): string;
  /** A secret that nobody can guess: at least 128 random bits, URL-safe. */
  secret(): string;
  /** 32 lower-case hex digits, not all zero: a W3C trace id. */
  traceId(): string;
}

export type IdPrefix = "msg" | "sess" | "job" | "res" | "ping" | "key";

/** Ids from the platform's cryptographic randomness. Works in Node, browsers and workers. */
export function randomIds(): IdSource {
  return {
    mint: (prefix) => `${prefix}_${randomHex(16)}`,
    secret: () => randomHex(32),
    traceId: () => randomHex(16),
  };
}

/** Ids that count: `job_1`, `job_2`, … For golden transcripts and simulations; its secrets are guessable. */
export function countingIds(): IdSource {
  const counts = new Map<string, number>();
  const next = (name: string) => {
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    return count;
  };
  return {
    mint: (prefix) => `${prefix}_${next(prefix)}`,
    secret: () => `secret${next("secret")}`,
    traceId: () => next("trace").toString(16).padStart(32, "0"),
  };
}

const hexPairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Randomness is drawn in portions, because each draw costs more than the bytes. Used bytes are overwritten. */
const pool = new Uint8Array(4096);
let drawn = pool.length;

function randomHex(bytes: number): string {
  if (drawn + bytes > pool.length) {
    crypto.getRandomValues(pool);
    drawn = 0;
  }
  let text = "";
  for (const end = drawn + bytes; drawn < end; drawn++) {
    text += hexPairs[pool[drawn] as number];
    pool[drawn] = 0;
  }
  return text;
}
