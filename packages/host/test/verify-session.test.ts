import { loadJsonDigest } from "@pawl/core";
import { createHost, type SessionFacts, verifySession } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { scriptedModel } from "@pawl/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const host = createHost({ store: memoryStore(), model: scriptedModel(["one", "two", "three", "elsewhere"]) });
afterAll(() => host.stop());

let facts: SessionFacts;
beforeAll(async () => {
  for (const prompt of ["a", "b", "c"]) await (await host.session("s1").send(prompt)).result();
  await (await host.session("s2").send("d")).result();
  facts = await factsOf("s1");
});

async function factsOf(id: string): Promise<SessionFacts> {
  const session = host.session(id);
  const record = await session.record();
  return {
    sessionId: session.id,
    receipts: await session.receipts(),
    inputs: await session.inputs(),
    transcript: await session.transcript(),
    lastDigest: record?.lastDigest ?? null,
  };
}

const digest = await loadJsonDigest();
const brokenOf = (changed: Partial<SessionFacts>, anchor?: string) =>
  verifySession({ ...facts, ...changed }, digest, anchor).broken;

describe("verify (D21)", () => {
  it("finds a session intact, by any anchor that it has given out", async () => {
    const { receipts } = facts;
    for (const anchor of [undefined, receipts[0]?.digest, receipts[2]?.digest]) {
      expect(await host.session("s1").verify(anchor === undefined ? {} : { anchor })).toEqual({
        sessionId: "s1",
        intact: true,
        receipts: 3,
        messages: 6,
        head: receipts[2]?.digest,
        broken: null,
        erasedAt: null,
      });
    }
  });

  it("refuses a session that is not there", async () => {
    await expect(host.session("none").verify()).rejects.toMatchObject({ code: "session_unknown" });
  });

  it("names the first receipt that was changed", () => {
    const receipts = facts.receipts.map((receipt, index) =>
      index < 1 ? receipt : { ...receipt, outcome: { status: "completed", text: "better" } as const },
    );
    expect(brokenOf({ receipts })).toMatchObject({ index: 1, part: "receipt", turnId: receipts[1]?.runId });
  });

  it("names the place where a receipt was taken out, at the beginning, in the midst and at the end", () => {
    const [first, second, third] = facts.receipts;
    if (!first || !second || !third) throw new Error("Three turns were committed.");
    expect(brokenOf({ receipts: [second, third] })).toMatchObject({ index: 0, part: "link" });
    expect(brokenOf({ receipts: [first, third] })).toMatchObject({ index: 1, part: "link" });
    expect(brokenOf({ receipts: [first, second] })).toMatchObject({ index: 2, part: "head" });
  });

  it("notices inputs that were changed, even with a digest that fits, and inputs that are gone", () => {
    const changed = (fit: boolean) =>
      facts.inputs.map((input, index) => {
        if (index !== 1) return input;
        const content = { parts: [{ type: "text", text: "B" }] } as const;
        const { delivery } = input;
        return { ...input, content, digest: fit ? digest({ content, delivery }) : input.digest };
      });
    expect(brokenOf({ inputs: changed(false) })).toMatchObject({ index: 1, part: "input" });
    expect(brokenOf({ inputs: changed(true) })).toMatchObject({ index: 1, part: "receipt" });
    expect(brokenOf({ inputs: facts.inputs.slice(0, 2) })).toMatchObject({ index: 2, part: "input" });
  });

  it("notices messages that were changed, taken out or added", () => {
    const { transcript } = facts;
    const swapped = transcript.map((message, index) => (index === 3 ? (transcript[1] ?? message) : message));
    expect(brokenOf({ transcript: swapped })).toMatchObject({ index: 1, part: "messages" });
    expect(brokenOf({ transcript: transcript.slice(0, 5) })).toMatchObject({ index: 2, part: "messages" });
    expect(brokenOf({ transcript: [...transcript, ...transcript.slice(-1)] })).toMatchObject({
      index: 3,
      part: "head",
    });
  });

  it("notices a whole chain of another session only by its anchor", async () => {
    const other = await factsOf("s2");
    const { receipts } = facts;
    expect(verifySession(other, digest).intact).toBe(true);
    expect(verifySession(other, digest, receipts[0]?.digest).broken).toMatchObject({ part: "anchor" });
    expect(brokenOf({ receipts: other.receipts, lastDigest: other.lastDigest })).toMatchObject({
      index: 0,
      part: "link",
    });
  });
});
