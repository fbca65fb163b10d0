import { tool } from "@pawl/core";
import { createHost } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { scriptedModel } from "@pawl/testing";
import { afterAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { answeredSchema, createHandler, waitsSchema } from "../src/index.ts";

const refund = tool({ description: "Refunds", input: z.object({ cents: z.number() }), execute: () => "ok" });
const REFUND = { tools: [{ name: "refund", input: { cents: 1 } }] };
const host = createHost({ store: memoryStore(), model: scriptedModel([REFUND, "done"]), tools: { refund } });
const handle = createHandler(host, { authorize: () => ({ name: "alice", operator: true }) });
afterAll(() => host.stop());

async function call(method: string, path: string, body?: unknown) {
  const init = body === undefined ? {} : { body: JSON.stringify(body) };
  const headers = { "content-type": "application/json" };
  const response = await handle(new Request(`http://x${path}`, { method, headers, ...init }));
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}
const codeOf = ({ error }: Record<string, unknown>) => (error as { code: string }).code;

describe("waits over HTTP", () => {
  it("are listed and answered once, and the turn goes on", async () => {
    const sent = await call("POST", "/v1/sessions/s1/inputs", { content: "refund", ask: ["refund"] });
    const turn = host.turn(String(sent.body.turn_id));
    expect(await turn.result()).toMatchObject({ status: "waiting" });
    const { waits } = waitsSchema.parse((await call("GET", "/v1/waits?session=s1&limit=5")).body);
    expect(waits).toMatchObject([
      { session_id: "s1", turn_id: turn.id, due_at: null, reason: { type: "approval", tool: "refund" } },
    ]);
    expect((await call("GET", "/v1/waits?session=s2")).body).toEqual({ waits: [] });
    const path = `/v1/waits/${waits[0]?.id}`;

    const unfit = await call("POST", path, { happened: false });
    expect([unfit.status, codeOf(unfit.body)]).toEqual([409, "wait_answer_unfit"]);

    const { status, body } = await call("POST", path, { decision: "approve" });
    expect([status, answeredSchema.parse(body).status]).toEqual([200, "accepted"]);
    expect(await turn.result()).toMatchObject({ status: "completed", text: "done" });
    const late = await call("POST", path, { decision: "deny", reason: "too late" });
    expect(answeredSchema.parse(late.body)).toMatchObject({ status: "already_answered", winner: "ok" });
  });

  it.each([
    [{ decision: "maybe" }],
    [{ decision: "edit" }],
    [{ happened: false, result: 1 }],
    [{ grant: { tokens: -1 } }],
    [{ grant: { tokens: 1.5 } }],
    [{}],
    [undefined],
  ])("refuse the answer %j", async (body) => {
    const answer = await call("POST", "/v1/waits/x", body);
    expect([answer.status, codeOf(answer.body)]).toEqual([400, "body_invalid"]);
  });

  it("refuse an unknown wait and an unknown query", async () => {
    const unknown = await call("POST", "/v1/waits/x", { abandon: true });
    expect([unknown.status, codeOf(unknown.body)]).toEqual([404, "wait_unknown"]);
    const query = await call("GET", "/v1/waits?sesion=s1");
    expect([query.status, codeOf(query.body)]).toEqual([400, "query_invalid"]);
  });
});
