import { createHost } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { scriptedModel } from "@pawl/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createHandler, erasedSchema, prunedSchema, verificationSchema } from "../src/index.ts";

const host = createHost({ store: memoryStore(), model: scriptedModel(["one", "two"]) });
let operator = true;
const handle = createHandler(host, { authorize: () => ({ name: "alice", operator }) });
afterAll(() => host.stop());

let turnId: string;
beforeAll(async () => {
  const turn = await host.session("s1").send("hi");
  await turn.result();
  turnId = turn.id;
});

async function call(method: string, path: string, body?: unknown) {
  const init = body === undefined ? {} : { body: JSON.stringify(body) };
  const headers = { "content-type": "application/json" };
  const response = await handle(new Request(`http://x${path}`, { method, headers, ...init }));
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe("pruning", () => {
  it("is for operators", async () => {
    operator = false;
    const refused = await call("POST", "/v1/prune", { older_than_ms: 0 });
    operator = true;
    expect(refused).toMatchObject({ status: 403, body: { error: { code: "forbidden" } } });
  });

  it("counts, deletes, and says what went", async () => {
    const dry = await call("POST", "/v1/prune", { older_than_ms: 0, only: ["turns"], dry_run: true });
    expect(prunedSchema.parse(dry.body)).toMatchObject({ dry_run: true, counts: { turns: 1 } });
    const done = await call("POST", "/v1/prune", { older_than_ms: 0, only: ["turns"] });
    expect(prunedSchema.parse(done.body)).toMatchObject({ dry_run: false, counts: { turns: 1 } });
    const replay = await call("GET", `/v1/turns/${turnId}/replay`);
    expect(replay).toMatchObject({ status: 410, body: { error: { code: "turn_pruned" } } });
  });

  it("refuses what it does not understand", async () => {
    for (const body of [{}, { older_than_ms: -1 }, { older_than_ms: 1, only: ["receipts"] }, { days: 1 }]) {
      expect((await call("POST", "/v1/prune", body)).status).toBe(400);
    }
  });
});

describe("erasing", () => {
  it("leaves a chain that verifies, and is the same again", async () => {
    const erased = await call("POST", "/v1/sessions/s1/erase");
    expect(erased.status).toBe(200);
    expect(erasedSchema.parse(erased.body)).toMatchObject({ session_id: "s1", receipts: 1 });
    expect(await call("POST", "/v1/sessions/s1/erase")).toEqual(erased);
    const verification = await call("GET", "/v1/sessions/s1/verification");
    expect(verificationSchema.parse(verification.body)).toMatchObject({
      intact: true,
      receipts: 1,
      erased_at: erased.body.erased_at,
    });
    expect((await call("GET", "/v1/sessions/s1")).status).toBe(404);
    const sent = await call("POST", "/v1/sessions/s1/inputs", { content: "again" });
    expect(sent).toMatchObject({ status: 409, body: { error: { code: "session_not_accepting" } } });
  });

  it("of a session that never was is refused", async () => {
    const refused = await call("POST", "/v1/sessions/nobody/erase");
    expect(refused).toMatchObject({ status: 404, body: { error: { code: "session_unknown" } } });
  });
});
