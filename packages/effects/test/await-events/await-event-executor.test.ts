import { createEnvelope } from "@pawl/core";
import { awaitEventExecutor, HOT_WAIT_MS } from "@pawl/effects";
import { describe, expect, test } from "vitest";
import { awaitsOver, custom, SCOPE, setUp, watch, YES } from "./awaits-under-test.ts";

const never = () => new AbortController().signal;

describe("the executor", () => {
  const command = {
    kind: "await_event",
    wait: custom("approval"),
    reason: { type: "budget", limit: "tokens" },
  } as const;
  const envelope = createEnvelope(SCOPE, "0.await_event.0" as never, command, {} as never);

  test("D16 answers at once what comes at once, and parks what does not, leaving the event open", async () => {
    const place = setUp();
    // Time is to move only once the store has loaded what it needs.
    await place.store.open();
    const awaits = await awaitsOver(place);
    const execute = awaitEventExecutor(awaits, { clock: place.clock });
    const parked = watch(execute(envelope as never, { signal: never() } as never));
    await place.clock.advance(HOT_WAIT_MS - 1);
    expect(parked.ended).toBe(false);
    await place.clock.advance(1);
    expect(parked.error).toMatchObject({ name: "Parked", keyId: awaits.keyIdOf(SCOPE, command.wait) });
    const [open] = await place.rows.pending({ limit: 10 });
    expect(open).toMatchObject({ sessionId: "s1", turnId: "turn_1", info: command.reason, dueAt: null });
    expect(place.clock.pending).toEqual([]);

    const hot = watch(execute(envelope as never, { signal: never() } as never));
    await place.clock.advance(10);
    await awaits.resolve(await awaits.key(SCOPE, command.wait), YES);
    await place.clock.advance(0);
    expect(hot.value).toEqual({ kind: "await_event", resolution: YES });
  });

  test("says that an answer is durable before it gives it, and of nothing else (ADR 37)", async () => {
    const place = setUp();
    const awaits = await awaitsOver(place);
    const execute = awaitEventExecutor(awaits, { clock: place.clock });
    let durable = 0;
    const onDurable = () => (durable += 1);
    const parked = watch(execute(envelope as never, { signal: never(), onDurable } as never));
    await place.clock.advance(HOT_WAIT_MS);
    expect(parked.error).toMatchObject({ name: "Parked" });
    expect(durable).toBe(0);
    await awaits.resolve(await awaits.key(SCOPE, command.wait), YES);
    await execute(envelope as never, { signal: never(), onDurable } as never);
    expect(durable).toBe(1);
    await awaits.revokeSession("s1");
    await execute(envelope as never, { signal: never(), onDurable } as never);
    expect(durable).toBe(1);
  });

  test("takes a revocation as the answer: nothing else will come", async () => {
    const place = setUp();
    const awaits = await awaitsOver(place);
    await awaits.revokeSession("s1");
    const execute = awaitEventExecutor(awaits, { clock: place.clock });
    expect(await execute(envelope as never, { signal: never() } as never)).toMatchObject({
      resolution: { status: "err", payload: { code: "await_event_unknown_or_revoked" } },
    });
  });
});
