import { tool } from "@pawl/core";
import { createHost, type TurnRecord } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { scriptedModel } from "@pawl/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import {
  createHandler,
  effectsSchema,
  forkedSchema,
  replaySchema,
  turnsSchema,
  verificationSchema,
} from "../src/index.ts";

const performed: string[] = [];
const refund = tool({
  description: "Refunds",
  input: z.object({ apiKey: z.string() }),
  execute: () => {
    performed.push("refund");
    return "refunded";
  },
});
const REFUND = { tools: [{ name: "refund", input: { apiKey: "sk-very-secret-key-0001" } }] };
const model = scriptedModel([REFUND, "done", "would be done"]);
const host = createHost({ store: memoryStore(), model, tools: { refund } });
const handle = createHandler(host, { authorize: () => ({ name: "alice", operator: true }) });
afterAll(() => host.stop());

let turnId: string;
beforeAll(async () => {
  const turn = await host.session("s1").send("refund me");
  await turn.result();
  turnId = turn.id;
});

async function call(method: string, path: string, body?: unknown) {
  const init = body === undefined ? {} : { body: JSON.stringify(body) };
  const headers = { "content-type": "application/json" };
  const response = await handle(new Request(`http://x${path}`, { method, headers, ...init }));
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe("reads of a turn", () => {
  it("tell its effects", async () => {
    const { status, body } = await call("GET", `/v1/turns/${turnId}/effects`);
    expect(status).toBe(200);
    const { effects } = effectsSchema.parse(body);
    expect(effects.map(({ kind }) => kind)).toEqual([
      "model_call",
      "tool_call",
      "checkpoint",
      "model_call",
      "checkpoint",
    ]);
    expect(effects[1]).toMatchObject({
      effect_id: "1.tool_call.0",
      tool: "refund",
      outcome: "ok",
      attempts: 1,
    });
  });

  it("give its record as it is, and without credentials", async () => {
    const whole = (await call("GET", `/v1/turns/${turnId}/record`)).body as unknown as TurnRecord;
    expect(whole).toEqual(JSON.parse(JSON.stringify(await host.turn(turnId).record())));
    expect(JSON.stringify(whole)).toContain("sk-very-secret");
    const { body } = await call("GET", `/v1/turns/${turnId}/record?redact=1`);
    expect(body).toMatchObject({ format: "pawl-turn", redacted: true });
    expect(JSON.stringify(body)).not.toContain("sk-very-secret");
  });

  it("replay it and perform nothing", async () => {
    const before = [...performed];
    const { status, body } = await call("GET", `/v1/turns/${turnId}/replay`);
    expect(status).toBe(200);
    expect(replaySchema.parse(body)).toMatchObject({
      identical: true,
      performed: 0,
      effects: 5,
      outcome: { status: "completed", text: "done" },
      differences: [],
    });
    expect(performed).toEqual(before);
  });

  it.each([
    ["GET", "effects", 404, "turn_unknown"],
    ["GET", "record", 404, "turn_unknown"],
    ["GET", "replay", 404, "turn_unknown"],
    ["POST", "fork", 404, "turn_unknown"],
  ])("answer %s …/%s of an unknown turn with %i", async (method, verb, status, code) => {
    const body = method === "POST" ? { at: 0 } : undefined;
    const answer = await call(method, `/v1/turns/turn_none/${verb}`, body);
    expect([answer.status, (answer.body.error as { code: string }).code]).toEqual([status, code]);
  });

  it("refuse a query that they do not know", async () => {
    for (const query of ["record?redact=yes", "record?redacted=1", "replay?x=1", "effects?x=1"]) {
      const { status, body } = await call("GET", `/v1/turns/${turnId}/${query}`);
      expect([status, body.error]).toMatchObject([400, { code: "query_invalid" }]);
    }
  });
});

describe("a fork over HTTP", () => {
  it("runs dry in a session of its own, once for a key", async () => {
    const body = { at: 1, idempotency_key: "k", session_id: "f1" };
    const { status, body: answer } = await call("POST", `/v1/turns/${turnId}/fork`, body);
    expect(status).toBe(202);
    const forked = forkedSchema.parse(answer);
    expect(forked).toMatchObject({ session_id: "f1", fork_of: { turn_id: turnId, at: 1 }, live: false });
    const before = performed.length;
    expect(await host.turn(forked.turn_id).result()).toMatchObject({ text: "would be done" });
    expect(performed).toHaveLength(before);
    expect((await call("POST", `/v1/turns/${turnId}/fork`, body)).body).toEqual(answer);
  });

  it.each([
    [{ at: 99 }, 400, "fork_out_of_range"],
    [{ at: 1, prompt: "other" }, 400, "fork_prompt_too_late"],
    [{ at: 0, session_id: "s1" }, 409, "fork_session_taken"],
    [{ at: 0, prompt: "  " }, 400, "input_empty"],
    [{ at: -1 }, 400, "body_invalid"],
    [{ at: 0.5 }, 400, "body_invalid"],
    [{}, 400, "body_invalid"],
    [{ at: 0, speed: 1 }, 400, "body_invalid"],
  ])("of %j is refused with %i %s", async (body, status, code) => {
    const answer = await call("POST", `/v1/turns/${turnId}/fork`, body);
    expect([answer.status, (answer.body.error as { code: string }).code]).toEqual([status, code]);
  });
});

describe("reads of a session", () => {
  it("list its turns", async () => {
    const { body } = await call("GET", "/v1/sessions/s1/turns?limit=5");
    expect(turnsSchema.parse(body)).toMatchObject({
      session_id: "s1",
      turns: [{ turn_id: turnId, state: "completed", prompt: "refund me", usage: { model_calls: 2 } }],
    });
  });

  it("give receipts with what their digests are over, and say whether all fits", async () => {
    const { body } = await call("GET", "/v1/sessions/s1/receipts");
    const receipts = await host.session("s1").receipts();
    const [input] = await host.session("s1").inputs();
    expect(body).toEqual({
      session_id: "s1",
      receipts: JSON.parse(JSON.stringify(receipts)),
      input_digests: { [input?.inputId as string]: input?.digest },
    });
    const head = receipts[0]?.digest as string;
    const fits = await call("GET", `/v1/sessions/s1/verification?anchor=${head}`);
    expect(verificationSchema.parse(fits.body)).toMatchObject({
      intact: true,
      receipts: 1,
      head,
      broken: null,
    });
    const other = await call("GET", "/v1/sessions/s1/verification?anchor=abc");
    expect(verificationSchema.parse(other.body)).toMatchObject({ intact: false, broken: { part: "anchor" } });
  });

  it.each(["turns", "receipts", "verification"])(
    "answer …/%s of an unknown session with 404",
    async (verb) => {
      const { status, body } = await call("GET", `/v1/sessions/none/${verb}`);
      expect([status, body.error]).toMatchObject([404, { code: "session_unknown" }]);
    },
  );
});
