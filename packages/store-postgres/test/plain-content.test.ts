import { beforeAll, describe, expect, test } from "vitest";
import { areDecodersLoaded } from "../src/rows/decoders.ts";
import { isInputDecoded, isPlainContent } from "../src/rows/plain-content.ts";
import { fresh, newInput, type PgStore } from "./harness.ts";
import { refusal, testDatabase } from "./test-database.ts";

const database = testDatabase();
const { admin } = database;
let store: PgStore;
beforeAll(async () => {
  store = await database.store();
});

const text = (value: string) => ({ type: "text", text: value });

test("an input of text is claimed and read without the decoders, and they are loaded for the first that has more (S20)", async () => {
  const lease = await store.leases.openNode(fresh("node") as never, { ttlMs: 60_000 });
  const session = fresh("s") as never;
  const { input } = await store.inbox.accept(newInput(session));
  const claimed = await store.leases.claim(lease, { sessionId: session, limit: 1, behaviours: ["1"] });
  expect(claimed[0]?.next?.input).toEqual(input);
  expect(await store.inbox.load(input.inputId)).toEqual(input);
  expect(await store.sessions.pendingCancel(input.turnId!)).toBeNull();
  expect(areDecodersLoaded()).toBe(false);

  const spoilt = await store.inbox.accept(newInput(fresh("s") as never));
  await admin.query("update pawl.inputs set content = $2 where input_id = $1", [
    spoilt.input.inputId,
    JSON.stringify({ parts: [{ type: "text", text: 7 }] }),
  ]);
  const refused = await refusal(store.inbox.load(spoilt.input.inputId));
  expect(refused).toMatchObject({ code: "store_corrupt_row" });
  expect(areDecodersLoaded()).toBe(true);
});

describe("plain content", () => {
  test.each([
    { parts: [] },
    { parts: [text("a"), text("")] },
    { parts: [text("a")], environment: { agent: "x" } },
  ])("%j", (content) => {
    expect(isPlainContent(content)).toBe(true);
  });

  test.each([
    null,
    "text",
    [],
    {},
    { parts: {} },
    { parts: [text("a")], more: 1 },
    { parts: [null] },
    { parts: ["a"] },
    { parts: [{ type: "text", text: 7 }] },
    { parts: [{ type: "text" }] },
    { parts: [{ ...text("a"), provider: 1 }] },
    { parts: [text("a"), { type: "structured", value: 1 }] },
  ])("is not %j: the decoders tell what that is", (content) => {
    expect(isPlainContent(content)).toBe(false);
  });

  test("of an input that is to be cancelled the decoders look at the request, and at no input not at all", () => {
    const row = { input_id: "in", content: { parts: [text("a")] } };
    expect(isInputDecoded(row)).toBe(false);
    expect(isInputDecoded({ ...row, cancel: null })).toBe(false);
    expect(isInputDecoded({ ...row, cancel: { requestId: "r" } })).toBe(true);
    expect(isInputDecoded({ input_id: null, content: null })).toBe(false);
  });
});
