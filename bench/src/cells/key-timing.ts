import { executionScope } from "@pawl/core";
import { type AwaitEventKey, createAwaitEvents, createKeyring, systemClock } from "@pawl/effects";
import { memoryStore } from "@pawl/store-memory";
import type { Cell } from "../cell.ts";
import { quantile } from "../statistics.ts";

/** Keys of one kind that are checked in a row, for one figure. */
const BATCH = 50;
const BATCHES = 40;

export const keyTimingCell: Cell = {
  name: "key-timing",
  title: "Refusing a bad key takes as long whatever is wrong with it",
  about: `
    Whether the time of a refusal tells why a key was refused: keys with a forged signature, wrong in its
    first byte or in its last, keys of a secret that this host does not have, and keys whose id is another
    event's, against keys that are right. Kinds take turns within a sample, and each figure is a median: 1 ×
    is no difference. An attacker sees a network's noise on top.
  `,
  notShown: `
    The store, which only a key that is right is looked up in.
  `,
  async open() {
    const bytes = Uint8Array.from({ length: 32 }, (_, i) => (i * 37 + 11) % 256);
    const clock = systemClock;
    const keyring = createKeyring([{ id: "k1", bytes }]);
    const awaits = await createAwaitEvents({ rows: memoryStore({ clock }).awaits, keyring, clock });
    const foreign = await createAwaitEvents({
      rows: memoryStore({ clock }).awaits,
      keyring: createKeyring([{ id: "k2", bytes: bytes.toReversed() }]),
      clock,
    });
    const other = (char: string | undefined) => (char === "A" ? "B" : "A");
    type Forge = (key: AwaitEventKey, n: number) => AwaitEventKey | Promise<AwaitEventKey>;
    const kinds: Readonly<Record<string, Forge>> = {
      right: (key) => key,
      "wrong in the first byte": (key) => ({
        ...key,
        signature: other(key.signature[0]) + key.signature.slice(1),
      }),
      // The last character holds bits that must be zero: the one before it is the last that is all signature.
      "wrong in the last byte": (key) => ({
        ...key,
        signature: key.signature.slice(0, -2) + other(key.signature.at(-2)) + key.signature.at(-1),
      }),
      "with the id of another event": (key) => ({ ...key, keyId: other(key.keyId[0]) + key.keyId.slice(1) }),
      "of an unknown secret": (_key, n) => foreign.key(scopeOf(n), WAIT),
    };
    const WAIT = { type: "tool_completion", callId: "call-1" } as const;
    const scopeOf = (n: number) => executionScope.turn("session-1", `turn-${n}`);
    let keys = 0;

    /** Microseconds for one check of each kind, the kinds taking turns. */
    async function checkAll(): Promise<ReadonlyMap<string, number>> {
      const samples = new Map(Object.keys(kinds).map((kind) => [kind, [] as number[]]));
      for (let batch = 0; batch < BATCHES; batch++) {
        for (const [kind, forge] of Object.entries(kinds)) {
          const made: AwaitEventKey[] = [];
          for (let i = 0; i < BATCH; i++) {
            keys += 1;
            made.push(await forge(await awaits.key(scopeOf(keys), WAIT), keys));
          }
          const began = performance.now();
          let right = 0;
          for (const key of made) if (awaits.verify(key)) right += 1;
          samples.get(kind)!.push((1_000 * (performance.now() - began)) / BATCH);
          if (right !== (kind === "right" ? BATCH : 0)) throw new Error(`Keys ${kind}: ${right} were taken.`);
        }
      }
      return new Map([...samples].map(([kind, values]) => [kind, quantile(values, 0.5)]));
    }

    // One pass measures all kinds; the subjects of a round read from it.
    let pass: ReadonlyMap<string, number> = new Map();
    return {
      subjects: Object.keys(kinds).map((kind) => ({
        name: `check a key, ${kind}`,
        unit: "µs",
        ...(kind !== "right" && {
          floor: "check a key, right",
          target: { of: "ratio", atLeast: 0.9, atMost: 1.1 } as const,
        }),
        sample: async () => {
          if (pass.get(kind) === undefined) pass = await checkAll();
          const value = pass.get(kind)!;
          pass = new Map([...pass].filter(([other]) => other !== kind));
          return value;
        },
      })),
    };
  },
};
