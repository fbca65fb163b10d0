import { executionScope, positionalEffectId } from "@pawl/core";
import { createEffectHost, inline, journaled, scopedController } from "@pawl/effects";
import { manualClock } from "@pawl/testing";
import { describe, expect, it } from "vitest";

const INLINE = inline({ executors: { sleep: async () => ({ kind: "sleep" }) } });
const clock = manualClock();
const SCOPE = executionScope.turn("s1", "t1");

describe("an effect host", () => {
  it("over a controller that remembers nothing promises nothing", () => {
    expect(createEffectHost(INLINE)).toMatchObject({
      tier: "inline",
      requiresDurableAttachmentStore: false,
      supportsDurableEffects: false,
    });
  });

  it("over a durable one is durable", () => {
    expect(createEffectHost(journaled({ clock, executors: {} }))).toMatchObject({
      tier: "durable",
      requiresDurableAttachmentStore: true,
      supportsDurableEffects: true,
    });
  });

  it("without await-events refuses keys and waits, knows nothing and has nothing to revoke", async () => {
    const { awaits } = createEffectHost(INLINE);
    const wait = { type: "custom", key: "k" } as const;
    const key = { scope: SCOPE, wait, keyId: "k", secretId: "s", signature: "x" };
    const options = { signal: new AbortController().signal };
    const unsupported = { code: "await_event_unsupported" };
    await expect(awaits.key(SCOPE, wait)).rejects.toMatchObject(unsupported);
    await expect(awaits.wait(key, options)).rejects.toMatchObject(unsupported);
    await expect(awaits.waitUntil(SCOPE, wait, options)).rejects.toMatchObject(unsupported);
    expect(() => awaits.keyIdOf(SCOPE, wait)).toThrow(expect.objectContaining(unsupported));
    expect(awaits.verify(key)).toBe(false);
    expect(await awaits.resolve(key, { status: "timeout" })).toEqual({ status: "unknown_or_revoked" });
    expect(await awaits.peek(key)).toBeNull();
    await expect(awaits.revokeSession("s1")).resolves.toBeUndefined();
  });
});

describe("a scoped controller", () => {
  it.each([
    [executionScope.turn("s", "t"), "t", "t"],
    [executionScope.process("p"), "p", undefined],
    [executionScope.queueDrain("s", "d"), "d", undefined],
    [executionScope.sessionDelete("s"), "s", undefined],
    [executionScope.runtimeOperation("o"), "o", undefined],
  ])("knows the id of its scope, and a turn's id only of a turn ($type)", (scope, id, turnId) => {
    for (const scoped of [createEffectHost(INLINE).scoped(scope), scopedController(INLINE, scope)]) {
      expect(scoped).toMatchObject({ scope, scopeId: id, turnId });
    }
    expect(createEffectHost(INLINE).scopedStatic(scope)?.scopeId).toBe(id);
  });

  it("gives what it performs the replay key of its scope", async () => {
    const keys: string[] = [];
    const spying = {
      ...INLINE,
      execute: async (envelope: { replayKey: string }) => keys.push(envelope.replayKey),
    };
    const scoped = scopedController(spying as never, executionScope.process("p:1"));
    const id = positionalEffectId(1, "sleep", 0);
    const cause = { type: "host", label: "test" } as const;
    await scoped.execute(id, { kind: "sleep", dueAt: 0 }, cause, { signal: new AbortController().signal });
    expect(keys).toEqual(["process::p%3a1:1.sleep.0"]);
  });

  it.each(["", " ", "\t\n"])("cannot be had for a blank id (%j)", (blank) => {
    for (const make of [
      () => executionScope.turn("s", blank),
      () => executionScope.turn(blank, "t"),
      () => executionScope.process(blank),
      () => executionScope.queueDrain("s", blank),
      () => executionScope.sessionDelete(blank),
      () => executionScope.runtimeOperation(blank),
    ]) {
      expect(make).toThrow(expect.objectContaining({ code: "missing_execution_scope_id" }));
    }
  });
});
