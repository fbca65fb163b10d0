import { NO_USAGE } from "@pawl/core";
import type { TurnResult } from "@pawl/host";
import { describe, expect, it } from "vitest";
import { createHandler, turnResultSchema, turnSchema } from "../src/index.ts";
import { createFakeHost, SESSION, TURN } from "./fake-host.ts";

const ids = { turnId: TURN, sessionId: SESSION };
const usage = { ...NO_USAGE, modelCalls: 2, inputTokens: 10, outputTokens: 3, costNanoUsd: 7 };
const receipt = { revision: 4, digest: "d4" } as never;
const evidence = { requestId: "r", requestedAt: 3, origin: "alice", reason: "enough" };

const RESULTS: readonly TurnResult[] = [
  { status: "completed", ...ids, usage, receipt, text: "42", output: { n: 42 }, limit: "tokens" },
  { status: "failed", ...ids, usage, receipt, code: "model_failed", message: "It failed." },
  { status: "cancelled", ...ids, usage, receipt, evidence },
  {
    status: "waiting",
    ...ids,
    waits: [
      {
        id: "1.await_event.0" as never,
        reason: {
          type: "did_it_happen",
          callId: "c" as never,
          tool: "refund",
          input: { cents: 5 },
          attempt: 0,
          noAfter: 7,
          left: 2,
        },
      },
    ],
  },
  { status: "blocked", ...ids, code: "nondeterminism_detected", message: "It diverged." },
];

function setUp() {
  const fake = createFakeHost();
  const handle = createHandler(fake.host, { authorize: () => ({ name: "alice", operator: true }) });
  const call = async (method: string, path: string, body?: unknown) => {
    const init =
      body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
    const response = await handle(new Request(`http://x${path}`, { method, ...init }));
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  return { fake, call };
}

describe("a turn", () => {
  it("shows why it does not move, and no result while it moves", async () => {
    const { call } = setUp();
    const { status, body } = await call("GET", `/v1/turns/${TURN}`);
    expect(status).toBe(200);
    expect(turnSchema.parse(body)).toEqual({ turn_id: TURN, state: "running", why: "It runs on this node." });
    expect((await call("GET", "/v1/turns/other")).status).toBe(404);
  });

  it.each(RESULTS)("shows its result: $status", async (result) => {
    const { call, fake } = setUp();
    fake.result = result;
    fake.state = result.status;
    const shown = await call("GET", `/v1/turns/${TURN}`);
    const answered = await call("GET", `/v1/turns/${TURN}/result`);
    expect(answered.status).toBe(200);
    expect(shown.body.result).toEqual(answered.body);
    const parsed = turnResultSchema.parse(answered.body);
    expect(parsed).toEqual(answered.body);
    expect(parsed).toMatchObject({ status: result.status, turn_id: TURN, session_id: SESSION });
    expect(JSON.stringify(parsed)).not.toMatch(/[a-z][A-Z]\w*":/);
  });

  it("waits for its result as long as it is asked to, then says what the turn does", async () => {
    const { call, fake } = setUp();
    const pending = await call("GET", `/v1/turns/${TURN}/result?wait_ms=1`);
    expect([pending.status, pending.body.state]).toEqual([202, "running"]);
    expect((await call("GET", `/v1/turns/${TURN}/result?wait_ms=60001`)).status).toBe(400);
    fake.result = RESULTS[0];
    expect((await call("GET", `/v1/turns/${TURN}/result?wait_ms=1000`)).status).toBe(200);
  });

  it("is not waited for beyond the server's own end", async () => {
    const { host } = createFakeHost();
    const stopping = new AbortController();
    const handle = createHandler(host, {
      authorize: () => ({ name: "alice", operator: true }),
      signal: stopping.signal,
    });
    const answer = handle(new Request(`http://x/v1/turns/${TURN}/result?wait_ms=60000`));
    stopping.abort();
    expect((await answer).status).toBe(202);
  });

  it("is cancelled in the name of its principal, with and without a body", async () => {
    const { call, fake } = setUp();
    const { status, body } = await call("POST", `/v1/turns/${TURN}/cancel`, { reason: "enough" });
    expect(status).toBe(202);
    expect(body).toMatchObject({ status: "requested", turn_id: TURN, evidence: { origin: "alice" } });
    expect((await call("POST", `/v1/turns/${TURN}/cancel`)).status).toBe(202);
    expect(fake.cancels).toEqual([{ origin: "alice", reason: "enough" }, { origin: "alice" }]);
    expect((await call("POST", "/v1/turns/other/cancel")).status).toBe(404);
    expect((await call("POST", `/v1/turns/${TURN}/cancel`, { why: "?" })).status).toBe(400);
  });
});
