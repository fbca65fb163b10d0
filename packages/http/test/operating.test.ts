// Nodes, the life of sessions, and budgets.
import { tool } from "@pawl/core";
import { createHost } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { scriptedModel } from "@pawl/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { answeredSchema, createHandler, nodesSchema, sessionSchema } from "../src/index.ts";

const host = createHost({
  store: memoryStore(),
  model: scriptedModel(["a", "b", "c", "d", "e", "f"]),
  nodeId: "here",
});
let operator = true;
const handle = createHandler(host, { authorize: () => ({ name: "olga", operator }) });
beforeAll(() => host.start());
afterAll(() => host.stop({ drainMs: 50 }));

async function call(method: string, path: string, body?: unknown) {
  const init = body === undefined ? {} : { body: JSON.stringify(body) };
  const headers = { "content-type": "application/json" };
  const response = await handle(new Request(`http://x${path}`, { method, headers, ...init }));
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}
const codeOf = ({ error }: Record<string, unknown>) => (error as { code: string } | undefined)?.code;

describe("nodes over HTTP", () => {
  it("are for operators", async () => {
    operator = false;
    const answers = [
      await call("GET", "/v1/nodes"),
      await call("POST", "/v1/nodes/here/pause"),
      await call("POST", "/v1/nodes/here/resume"),
    ];
    operator = true;
    for (const { status, body } of answers) expect([status, codeOf(body)]).toEqual([403, "forbidden"]);
  });

  it("are listed, and one that is paused begins with nothing until it is resumed", async () => {
    const { nodes } = nodesSchema.parse((await call("GET", "/v1/nodes")).body);
    expect(nodes).toMatchObject([{ node_id: "here", alive: true, paused: false }]);
    expect(await call("POST", "/v1/nodes/here/pause")).toEqual({
      status: 200,
      body: { node_id: "here", paused: true },
    });
    const turn = await host.session("s1").send("hi");
    expect((await turn.explain()).state).toBe("queued");
    expect(await host.nodes.drain("here", { maxMs: 1_000 })).toEqual({ idle: true });
    expect((await turn.explain()).state).toBe("queued");
    await call("POST", "/v1/nodes/here/resume");
    expect(await turn.result()).toMatchObject({ status: "completed", text: "a" });
    const unknown = await call("POST", "/v1/nodes/nobody/pause");
    expect([unknown.status, codeOf(unknown.body)]).toEqual([404, "node_unknown"]);
  });
});

describe("the life of a session over HTTP", () => {
  it("is held and goes on", async () => {
    const paused = await call("POST", "/v1/sessions/s1/pause");
    expect([paused.status, sessionSchema.parse(paused.body).session_id]).toEqual([200, "s1"]);
    const turn = await host.session("s1").send("more");
    expect((await turn.explain()).state).toBe("queued");
    await call("POST", "/v1/sessions/s1/resume");
    expect(await turn.result()).toMatchObject({ status: "completed" });
  });

  it("ends: drained, at once, and for good", async () => {
    expect((await call("POST", "/v1/sessions/s1/retire")).body).toMatchObject({ runtime_state: "retired" });
    const refused = await call("POST", "/v1/sessions/s1/inputs", { content: "again" });
    expect(codeOf(refused.body)).toBe("session_not_accepting");
    expect((await call("POST", "/v1/sessions/s1/stop")).body).toMatchObject({ runtime_state: "stopped" });
    expect((await call("POST", "/v1/sessions/s1/destroy")).body).toMatchObject({
      runtime_state: "destroyed",
    });
    const back = await call("POST", "/v1/sessions/s1/retire");
    expect([back.status, codeOf(back.body)]).toEqual([409, "runtime_transition_illegal"]);
  });

  it("of a session that never was is refused, and none is made", async () => {
    for (const verb of ["retire", "stop", "destroy", "pause", "resume"]) {
      const { status, body } = await call("POST", `/v1/sessions/never/${verb}`);
      expect([status, codeOf(body)], verb).toEqual([404, "session_unknown"]);
    }
    expect(await host.session("never").record()).toBe(null);
  });
});

describe("a grant over HTTP", () => {
  it("tops up the budget that a turn waits for, once", async () => {
    const work = tool({ description: "Works", input: z.object({}), execute: () => 1 });
    const spent = createHost({
      store: memoryStore(),
      model: scriptedModel([{ tools: [{ name: "work" }] }, "paid for"]),
      tools: { work },
      limits: { maxTokens: 1, onBudget: "wait" },
    });
    const grantAt = createHandler(spent, { authorize: () => ({ name: "ana", operator: true }) });
    const turn = await spent.session("s1").send("go");
    expect(await turn.result()).toMatchObject({ status: "waiting" });
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ tokens: 1_000_000 });
    const url = `http://x/v1/turns/${turn.id}/grants`;
    const answer = await grantAt(new Request(url, { method: "POST", headers, body }));
    expect(answeredSchema.parse(await answer.json())).toMatchObject({ status: "accepted" });
    expect(await turn.result()).toMatchObject({ status: "completed", text: "paid for" });
    const again = await grantAt(new Request(url, { method: "POST", headers, body }));
    expect(again.status).toBe(409);
    await spent.stop();
  });

  it("is refused where nothing waits for one", async () => {
    const turn = await host.session("s2").send("hi");
    await turn.result();
    const refused = await call("POST", `/v1/turns/${turn.id}/grants`, { tokens: 5 });
    expect([refused.status, codeOf(refused.body)]).toEqual([409, "grant_not_awaited"]);
    for (const body of [{}, { tokens: 0 }, { tokens: 1.5 }, { usd: 1 }, undefined]) {
      expect((await call("POST", `/v1/turns/${turn.id}/grants`, body)).status).toBe(400);
    }
    expect((await call("POST", "/v1/turns/turn_never/grants", { tokens: 5 })).status).toBe(404);
  });
});
