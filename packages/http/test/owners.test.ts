// Every route as somebody else asks it: what is not the caller's answers exactly as what never was.
import { tool } from "@pawl/core";
import { createHost } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { scriptedModel } from "@pawl/testing";
import { afterAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { createHandler } from "../src/create-handler.ts";

const refund = tool({ description: "Refunds", input: z.object({}), execute: () => ({}) });
const host = createHost({
  store: memoryStore(),
  model: scriptedModel([{ tools: [{ name: "refund" }] }, "for bob"]),
  tools: { refund },
  approvals: { refund: () => true },
});
afterAll(() => host.stop({ drainMs: 50 }));
const handle = createHandler(host, {
  authorize: (request) => ({ name: request.headers.get("who") ?? "nobody" }),
});

async function ask(who: string, method: string, path: string, body?: unknown) {
  const answer = await handle(
    new Request(`http://localhost${path}`, {
      method,
      headers: { who, "content-type": "application/json" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    }),
  );
  return { status: answer.status, text: await answer.text() };
}

describe("what belongs to alice", async () => {
  const sent = await ask("alice", "POST", "/v1/sessions/s1/inputs", { content: "hi" });
  const { session_id: sessionId, turn_id: turnId } = JSON.parse(sent.text);
  const result = await ask("alice", "GET", `/v1/turns/${turnId}/result?wait_ms=20000`);
  const waitId: string = JSON.parse(result.text).waits[0].id;

  test("is there for alice, under the name that she gave", async () => {
    expect(sessionId).toBe("s1");
    expect(JSON.parse(result.text)).toMatchObject({ status: "waiting", session_id: "s1" });
    const waits = JSON.parse((await ask("alice", "GET", "/v1/waits?session=s1")).text);
    expect(waits).toMatchObject({ waits: [{ id: waitId, session_id: "s1", turn_id: turnId }] });
    const sessions = JSON.parse((await ask("alice", "GET", "/v1/sessions")).text);
    expect(sessions).toMatchObject({ sessions: [{ session_id: "s1" }] });
  });

  const ROUTES: readonly (readonly [method: string, path: string, body?: unknown])[] = [
    ["GET", "/v1/sessions/:session"],
    ["GET", "/v1/sessions/:session/events"],
    ["GET", "/v1/sessions/:session/turns"],
    ["GET", "/v1/sessions/:session/receipts"],
    ["GET", "/v1/sessions/:session/verification"],
    ["POST", "/v1/sessions/:session/erase"],
    ["GET", "/v1/turns/:turn"],
    ["GET", "/v1/turns/:turn/events"],
    ["GET", "/v1/turns/:turn/result"],
    ["GET", "/v1/turns/:turn/input"],
    ["GET", "/v1/turns/:turn/effects"],
    ["GET", "/v1/turns/:turn/record"],
    ["GET", "/v1/turns/:turn/replay"],
    ["POST", "/v1/turns/:turn/cancel", {}],
    ["POST", "/v1/turns/:turn/fork", { at: 0 }],
    ["POST", "/v1/waits/:wait", { decision: "approve" }],
    ["GET", "/v1/waits?session=:session"],
    ["GET", "/v1/approvals/:wait"],
    ["POST", "/v1/approvals/:wait", { decision: "approve" }],
    ["POST", "/v1/approvals/:wait/link", {}],
    ["GET", "/v1/approvals/:wait/receipt"],
    ["GET", "/v1/approvals?session=:session"],
  ];

  test.each(ROUTES.map(([method, path, body]) => ({ method, path, body })))(
    "is unknown to bob at $method $path",
    async ({ method, path, body }) => {
      const at = (session: string, turn: string, wait: string) =>
        path.replace(":session", session).replace(":turn", turn).replace(":wait", wait);
      for (const session of ["s1", "%40alice%2Fs1"]) {
        const foreign = await ask("bob", method, at(session, turnId, waitId), body);
        const never = await ask("bob", method, at("never", "turn_never", "0".repeat(64)), body);
        const plain = foreign.text.replaceAll(turnId, "turn_never").replaceAll(waitId, "0".repeat(64));
        expect({ ...foreign, text: plain }).toEqual(never);
        if (!path.includes("?")) expect(foreign.status).toBe(404);
      }
    },
  );

  test("is not touched when bob uses the same name", async () => {
    const sent = await ask("bob", "POST", "/v1/sessions/s1/inputs", { content: "hi", delivery: "interrupt" });
    expect(sent.status).toBe(202);
    const { turn_id: bobs } = JSON.parse(sent.text);
    const answered = await ask("bob", "GET", `/v1/turns/${bobs}/result?wait_ms=20000`);
    expect(JSON.parse(answered.text)).toMatchObject({
      status: "completed",
      text: "for bob",
      session_id: "s1",
    });
    expect(JSON.parse((await ask("alice", "GET", `/v1/turns/${turnId}`)).text)).toMatchObject({
      state: "waiting",
    });
    expect(JSON.parse((await ask("bob", "GET", "/v1/sessions")).text).sessions).toHaveLength(1);
  });
});
