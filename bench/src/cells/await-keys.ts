import { canonicalJson, executionScope, type WaitIdentity } from "@pawl/core";
import { createAwaitEvents, createKeyring, systemClock } from "@pawl/effects";
import { memoryStore } from "@pawl/store-memory";
import { createHMAC, createSHA256 } from "hash-wasm";
import type { Cell } from "../cell.ts";
import { msPerUnitAsync } from "../stopwatch.ts";

const BATCH = 100;

export const awaitKeysCell: Cell = {
  name: "await-keys",
  title: "Keys of await-events",
  about: `
    Making a key for an await-event and checking it, against two bare HMACs of hash-wasm over as many bytes.
  `,
  notShown: `
    The store, which resolving an event writes to, and larger bindings. The floor neither writes the
    canonical JSON that is signed nor hashes the event's id. A process remembers the ids of the last events
    that it met, so minting and checking a key of one of them hash no id; the last row mints keys for events
    that this process never met, which hashes one.
  `,
  async open({ sampleMs }) {
    const bytes = Uint8Array.from({ length: 32 }, (_, i) => (i * 37 + 11) % 256);
    const keyring = createKeyring([{ id: "k1", bytes }]);
    const clock = systemClock;
    // Whether a session was revoked is a question to the store.
    const rows = { ...memoryStore({ clock }).awaits, isRevoked: async () => false };
    const awaits = await createAwaitEvents({ rows, keyring, clock });
    const scope = executionScope.turn("session-1", "turn-1");
    const wait: WaitIdentity = { type: "tool_completion", callId: "call-1" };
    const { signature: _, ...unsigned } = await awaits.key(scope, wait);
    const signed = canonicalJson(unsigned);
    const hmac = await createHMAC(createSHA256(), bytes);

    const floor = "two bare HMACs";
    const perSample = (work: () => unknown) => async () => {
      const batch = async () => {
        for (let i = 0; i < BATCH; i++) await work();
        return BATCH;
      };
      return 1_000 * (await msPerUnitAsync(batch, sampleMs, "cpu"));
    };
    const bare = () => {
      for (let i = 0; i < 2; i++) {
        hmac.init();
        hmac.update(signed);
        hmac.digest("binary");
      }
    };
    const unsignedPart = () => {
      for (let i = 0; i < 2; i++) canonicalJson({ ...unsigned, keyId: awaits.keyIdOf(scope, wait) });
    };
    const signAndVerify = async () => {
      if (!awaits.verify(await awaits.key(scope, wait)))
        throw new Error("A key that was just made is refused.");
    };
    let events = 0;
    const signAndVerifyNew = async () => {
      const event = { type: "tool_completion", callId: `call-${events++}` } as const;
      if (!awaits.verify(await awaits.key(scope, event)))
        throw new Error("A key that was just made is refused.");
    };
    return {
      subjects: [
        { name: floor, unit: "µs CPU", sample: perSample(bare) },
        { name: "two ids and two canonical texts", unit: "µs CPU", floor, sample: perSample(unsignedPart) },
        {
          name: "sign and verify a key",
          unit: "µs CPU",
          floor,
          target: { of: "ratio", atMost: 1.2 },
          sample: perSample(signAndVerify),
        },
        { name: "the same, of a new event", unit: "µs CPU", floor, sample: perSample(signAndVerifyNew) },
      ],
    };
  },
};
