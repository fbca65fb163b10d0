import { describe, expect, test } from "vitest";
import { awaitsOver, custom, SCOPE, setUp } from "./awaits-under-test.ts";

const WAIT = custom("did_it_happen:0/tool_call/0:0");
const NO = { status: "ok", payload: { happened: false } } as const;
const YES = { status: "ok", payload: { happened: true, output: 1 } } as const;

async function asked(type: string) {
  const place = setUp();
  const awaits = await awaitsOver(place);
  const noAfter = place.clock.now() + 1_000;
  await awaits.open(SCOPE, WAIT, { info: { type, noAfter } });
  return { place, awaits, noAfter, key: await awaits.key(SCOPE, WAIT) };
}

describe('D12 "no, it did not happen", by key', () => {
  test("is refused while it may still happen, and resolves nothing; then it is taken", async () => {
    const { place, awaits, noAfter, key } = await asked("did_it_happen");
    const early = { code: "wait_answer_early", details: { from: noAfter } };
    await expect(awaits.resolve(key, NO)).rejects.toMatchObject(early);
    expect(await awaits.peek(key)).toBe(null);
    await place.clock.advance(999);
    await expect(awaits.resolve(key, NO)).rejects.toMatchObject(early);
    await place.clock.advance(1);
    expect(await awaits.resolve(key, NO)).toEqual({ status: "accepted" });
  });

  test("yes, a cancel, and what others already said are told at any time", async () => {
    const { awaits, key } = await asked("did_it_happen");
    expect(await awaits.resolve(key, YES)).toEqual({ status: "accepted" });
    expect(await awaits.resolve(key, NO)).toEqual({ status: "already_resolved", terminal: YES });
    const other = await asked("did_it_happen");
    expect(await other.awaits.resolve(other.key, { status: "cancelled" })).toEqual({ status: "accepted" });
  });

  test("is nothing to other waits, whatever their answers look like", async () => {
    const { awaits, key } = await asked("something_else");
    expect(await awaits.resolve(key, NO)).toEqual({ status: "accepted" });
  });
});
