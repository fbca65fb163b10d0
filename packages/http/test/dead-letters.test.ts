// D23 over HTTP: what followed from a commit and could not be delivered.
import { tool } from "@pawl/core";
import { createHost } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { manualClock, scriptedModel } from "@pawl/testing";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import {
  createHandler,
  deadLetterSettledSchema,
  deadLettersSchema,
  sessionWithTranscriptSchema,
  turnSchema,
} from "../src/index.ts";

const PATIENT = { timeout: 20_000 };
let broken = true;
let delivered = 0;
const clock = manualClock();
const notify = tool({
  description: "Notifies",
  input: z.object({}),
  execute: (_, run) => run.outbox({ topic: "mail", payload: { to: "ana" } }),
});
const CALL = { tools: [{ name: "notify" }] };
const host = createHost({
  store: memoryStore({ clock }),
  clock,
  model: scriptedModel([CALL, "done", CALL, "done"]),
  tools: { notify },
  outbox: {
    mail: () => {
      if (broken) throw new Error("no route");
      delivered += 1;
    },
  },
  leaseTtlMs: 3_600_000_000,
  pollMs: 360_000_000,
});
const handle = createHandler(host, {
  authorize: (request) => {
    const name = request.headers.get("who") ?? "olga";
    return { name, operator: name === "olga" };
  },
});
afterAll(() => host.stop({ drainMs: 0 }));

async function call(method: string, path: string, who = "olga") {
  const headers = { "content-type": "application/json", who };
  const response = await handle(new Request(`http://x${path}`, { method, headers }));
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}
const letters = async (query = "") =>
  deadLettersSchema.parse((await call("GET", `/v1/dead-letters${query}`)).body).dead_letters;

let turnId: string;
beforeAll(async () => {
  const alice = host.as({ principal: "alice" });
  for (const session of ["s1", "s2"]) {
    const turn = await alice.session(session).send("tell ana");
    turnId ??= turn.id;
    await turn.result();
  }
  await vi.waitFor(async () => {
    await clock.advance(600_000);
    expect(await host.deadLetters.list()).toHaveLength(2);
  }, PATIENT);
}, 30_000);

describe("dead letters over HTTP", () => {
  it("are for operators", async () => {
    for (const [method, path] of [
      ["GET", "/v1/dead-letters"],
      ["POST", "/v1/dead-letters/x%2F0/retry"],
      ["POST", "/v1/dead-letters/x%2F0/discard"],
    ] as const) {
      expect(await call(method, path, "alice"), path).toMatchObject({
        status: 403,
        body: { error: { code: "forbidden" } },
      });
    }
  });

  it("are shown to whoever sees the turn and the session whose commit made them", async () => {
    const turn = turnSchema.parse((await call("GET", `/v1/turns/${turnId}`, "alice")).body);
    expect(turn.why).toContain('message "mail"');
    expect(turn.dead_letters).toMatchObject([{ type: "message", topic: "mail", session_id: "s1" }]);
    const session = sessionWithTranscriptSchema.parse((await call("GET", "/v1/sessions/s1", "alice")).body);
    expect(session.dead_letters).toEqual(turn.dead_letters);
    expect((await call("GET", "/v1/sessions/s1", "bob")).status).toBe(404);
  });

  it("are listed, tried again and discarded", async () => {
    expect(await letters()).toMatchObject([
      { session_id: "@alice/s1", run_id: turnId, payload: { to: "ana" }, attempts: 15 },
      { session_id: "@alice/s2", failure: { code: "outbox_delivery_failed" } },
    ]);
    expect(await letters("?limit=1")).toHaveLength(1);
    const [second] = await letters(`?session=${encodeURIComponent("@alice/s2")}`);
    const [first] = await letters();
    expect(second?.session_id).toBe("@alice/s2");
    const at = (id: string, verb: string) => `/v1/dead-letters/${encodeURIComponent(id)}/${verb}`;
    const discarded = await call("POST", at(second!.id, "discard"));
    expect(deadLetterSettledSchema.parse(discarded.body)).toEqual({ id: second!.id, state: "discarded" });
    broken = false;
    const retried = await call("POST", at(first!.id, "retry"));
    expect(deadLetterSettledSchema.parse(retried.body)).toEqual({ id: first!.id, state: "retried" });
    await vi.waitFor(async () => {
      await clock.advance(1);
      expect(delivered).toBe(1);
    }, PATIENT);
    expect(await letters()).toEqual([]);
    for (const verb of ["retry", "discard"]) {
      expect(await call("POST", at(first!.id, verb))).toMatchObject({
        status: 404,
        body: { error: { code: "dead_letter_unknown" } },
      });
    }
  });

  it("refuse queries that are none", async () => {
    for (const query of ["?limit=0", "?session=", "?dead=1"]) {
      expect((await call("GET", `/v1/dead-letters${query}`)).status).toBe(400);
    }
  });
});
