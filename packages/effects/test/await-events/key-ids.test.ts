import { canonicalJson, type ExecutionScope, executionScope, type WaitIdentity } from "@pawl/core";
import { sha256 } from "hash-wasm";
import { expect, test } from "vitest";
import { createKeySigner } from "../../src/await-events/key-signer.ts";
import { createKeyring } from "../../src/await-events/keyring.ts";

const bytes = Uint8Array.from({ length: 32 }, (_, i) => (i * 37 + 11) % 256);

test("an id is the digest of its own event, also for what was met before among many others", async () => {
  const { keyId } = await createKeySigner(createKeyring([{ id: "k1", bytes }]));
  const events: (readonly [ExecutionScope, WaitIdentity])[] = [];
  for (const turn of ["t1", "t2"]) {
    for (const session of ["s1", "s2"]) {
      const scope = executionScope.turn(session, turn);
      for (let i = 0; i < 100; i++) {
        events.push([scope, { type: "tool_completion", callId: `c${i}` }]);
        events.push([scope, { type: "custom", key: `c${i}` }]);
      }
      const tooMany = { type: "custom", key: "c1", more: 1 } as WaitIdentity;
      events.push([scope, tooMany], [scope, { type: "cancel_gate" } as WaitIdentity]);
      events.push([{ ...scope, more: 1 } as unknown as ExecutionScope, { type: "custom", key: "c1" }]);
    }
  }
  const wanted = await Promise.all(events.map(([scope, wait]) => sha256(canonicalJson({ scope, wait }))));
  expect(new Set(wanted).size).toBe(events.length);
  for (let round = 0; round < 2; round++) {
    // Each twice in a row: made, and remembered.
    const seen = events.map(([scope, wait]) => [keyId(scope, wait), keyId(scope, wait)]);
    expect(seen).toEqual(wanted.map((id) => [id, id]));
  }
});
