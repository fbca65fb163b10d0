// Stolen, expired, revoked and foreign tokens at every endpoint, over real sockets. The endpoints come from the document that
// the server itself hands out, so a route that is added is tried too, or its test says what is missing.

import type { JobRecord } from "@pawl/arcp-protocol/persistence";
import { tool } from "@pawl/core";
import { createHost } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { scriptedModel } from "@pawl/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { newJobOf } from "../../src/arcp/persistence/job-document.ts";
import { visibleJobs } from "../../src/arcp/visible-jobs.ts";
import { appUnderTest, TOKEN } from "./app-under-test.ts";

const store = memoryStore();
const refund = tool({ description: "Refunds", input: z.object({}), execute: () => ({}) });
const host = createHost({
  store,
  model: scriptedModel([{ tools: [{ name: "refund" }] }]),
  tools: { refund },
  approvals: { refund: () => true },
  publicUrl: "https://example.com",
});
const jobs = visibleJobs({ store, host });
const under = appUnderTest(host, { store, jobs });
const server = await under.listen();
afterAll(async () => {
  server.close();
  await host.stop({ drainMs: 50 });
});

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly name: string;
  readonly scope: string;
}

async function operations(): Promise<readonly Operation[]> {
  const document = (await (await fetch(`${server.url}/v1/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { operationId: string; "x-pawl-scope": string }>>;
  };
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      name: operation.operationId,
      scope: operation["x-pawl-scope"],
    })),
  );
}
const OPERATIONS = await operations();

/** A body with which each operation that takes one would do something. */
const BODIES: Readonly<Record<string, unknown>> = {
  acceptInput: { content: "hi" },
  cancelTurn: { reason: "mine now" },
  forkTurn: { at: 0 },
  answerWait: { decision: "approve" },
  decideApproval: { decision: "approve" },
  linkApproval: {},
  linkWait: {},
  uploadAttachment: "x",
  startTask: { name: "sleep", input: {}, session: "s1" },
  transferTasks: { from: "s1", to: "s2", task_ids: ["task_1"] },
  deleteTaskSession: { session: "s1" },
  checkReceipt: {},
  signalTask: { name: "go", payload: {} },
  cancelTask: {},
  reportTask: { progress: 1 },
  eraseSession: {},
  retireSession: {},
  stopSession: {},
  destroySession: {},
  pauseSession: {},
  resumeSession: {},
  grantBudget: { tokens: 1 },
  cancelJob: {},
  pauseNode: {},
  resumeNode: {},
  prune: { older_than_ms: 0 },
  retryDeadLetter: {},
  discardDeadLetter: {},
};

/** For operators only: a principal is told so, whatever it names. */
const OF_OPERATORS: ReadonlySet<string> = new Set([
  "listNodes",
  "pauseNode",
  "resumeNode",
  "listDeadLetters",
  "retryDeadLetter",
  "discardDeadLetter",
]);

async function ask(
  { method, path, name }: Pick<Operation, "method" | "path" | "name">,
  token: string | undefined,
  ids: Readonly<Record<string, string>>,
) {
  const at = path.replaceAll(/\{(\w+)\}/g, (_, key: string) => encodeURIComponent(ids[key] ?? `no-${key}`));
  const response = await fetch(`${server.url}${at}`, {
    method,
    headers: {
      "content-type": "application/json",
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    ...(method !== "GET" && { body: JSON.stringify(BODIES[name]) }),
    signal: AbortSignal.timeout(10_000),
  });
  const type = response.headers.get("content-type") ?? "";
  if (type.includes("event-stream")) {
    await response.body?.cancel();
    return { status: response.status, text: "a stream" };
  }
  return { status: response.status, text: await response.text(), headers: response.headers };
}

let alice: Readonly<Record<string, string>>;
const NEVER = {
  job: "job_of_nobody",
  session: "never",
  turn: "turn_never",
  wait: "0".repeat(64),
  approval: "0".repeat(64),
};
let aliceToken: string;

beforeAll(async () => {
  aliceToken = (await under.token("alice")).token;
  const accept = { method: "POST", path: "/v1/sessions/{session}/inputs", name: "acceptInput" };
  const sent = JSON.parse((await ask(accept, aliceToken, { session: "s1" })).text);
  const result = { method: "GET", path: "/v1/turns/{turn}/result?wait_ms=20000", name: "awaitResult" };
  const { waits } = JSON.parse((await ask(result, aliceToken, { turn: sent.turn_id })).text);
  await store.jobs.create(
    newJobOf({
      jobId: "job_of_alice",
      sessionId: "sess_1",
      principal: "alice",
      agent: "assistant@1.0.0",
      input: "hi",
      state: "running",
      createdAt: 1,
      correlationId: "c",
      traceId: "t",
      lease: {},
      credentialIds: [],
      lastEventSeq: 0,
      lastJobSeq: 0,
    } as JobRecord),
  );
  const wait = waits[0].id;
  alice = { session: "s1", turn: sent.turn_id, wait, approval: wait, job: "job_of_alice" };
});

const METRICS = { method: "GET", path: "/metrics", name: "metrics", scope: "metrics" };

test("every operation that takes a body has one here", () => {
  expect(Object.keys(BODIES).sort()).toEqual(
    OPERATIONS.filter(({ method }) => method !== "GET")
      .map(({ name }) => name)
      .sort(),
  );
});

describe("a token that lets nobody in", () => {
  test.each([...OPERATIONS, METRICS])("at $method $path", async (operation) => {
    const revoked = await under.token("alice");
    await store.tokens.revoke(revoked.tokenId);
    const expired = await under.token("alice", { ttlMs: 0 });
    const tokens = {
      none: undefined,
      empty: "",
      unknown: `pawl_${"A".repeat(43)}`,
      malformed: "alice",
      "the id of a token": revoked.tokenId,
      revoked: revoked.token,
      expired: expired.token,
      "nearly right": aliceToken.replace(/.$/, (last) => (last === "A" ? "E" : "A")),
      "the operator's, in another case": TOKEN.toUpperCase(),
    };
    let first: string | undefined;
    for (const [what, token] of Object.entries(tokens)) {
      const { status, text, headers } = await ask(operation, token, alice);
      expect([status, JSON.parse(text).error.code], what).toEqual([401, "unauthorized"]);
      expect(headers?.get("www-authenticate"), what).toBe("Bearer");
      // Which of these it is, nobody is told.
      first ??= text;
      expect(text, what).toBe(first);
    }
  });
});

describe("a token of somebody else", async () => {
  const bob = (await under.token("bob")).token;

  const aimed = OPERATIONS.filter(({ path, name }) => path.includes("{") && name !== "acceptInput");
  test.each(aimed)("sees nothing at $method $path, as if nothing were there", async (operation) => {
    const foreign = await ask(operation, bob, alice);
    const never = await ask(operation, bob, NEVER);
    const plain = Object.entries(alice).reduce(
      (text, [key, id]) => text.replaceAll(id, NEVER[key as keyof typeof NEVER]),
      foreign.text,
    );
    expect([foreign.status, plain]).toEqual([never.status, never.text]);
    // A name that is not taken can be uploaded to: it is one of bob's own.
    const expected =
      operation.name === "uploadAttachment" ? 201 : OF_OPERATORS.has(operation.name) ? 403 : 404;
    expect(foreign.status).toBe(expected);
  });

  const lists = OPERATIONS.filter(({ method, path }) => method === "GET" && !path.includes("{"));
  test.each(lists)("finds nothing of anybody else at $path", async (operation) => {
    const { status, text } = await ask(operation, bob, {});
    expect(status).toBe(OF_OPERATORS.has(operation.name) ? 403 : 200);
    for (const id of [alice.turn, alice.wait, "alice", "s1"]) expect(text).not.toContain(id);
  });

  test("that sends to the same name begins a session of its own", async () => {
    const before = (await ask({ method: "GET", path: "/v1/sessions/{session}", name: "" }, aliceToken, alice))
      .text;
    const accept = OPERATIONS.find(({ name }) => name === "acceptInput") as Operation;
    expect((await ask(accept, bob, alice)).status).toBe(202);
    const after = (await ask({ method: "GET", path: "/v1/sessions/{session}", name: "" }, aliceToken, alice))
      .text;
    expect(after).toBe(before);
  });

  test("reads no figures about everybody", async () => {
    const { status, text } = await ask(METRICS, bob, {});
    expect([status, JSON.parse(text).error.code]).toEqual([403, "scope_missing"]);
  });
});

describe("a token without the scope", () => {
  test.each([...OPERATIONS, METRICS])("is told so at $method $path", async (operation) => {
    const scopes = ["read", "write", "approve", "metrics"].filter((scope) => scope !== operation.scope);
    const { token } = await under.token("alice", { scopes });
    const { status, text } = await ask(operation, token, alice);
    expect([status, JSON.parse(text).error.code]).toEqual([403, "scope_missing"]);
    expect(JSON.parse(text).error.message).toContain(`"${operation.scope}"`);
  });

  test("and one with it comes through", async () => {
    const metrics = (await under.token("prometheus", { scopes: ["metrics"] })).token;
    expect((await ask(METRICS, metrics, {})).status).toBe(200);
    for (const operation of OPERATIONS.filter(({ method }) => method === "GET")) {
      const { token } = await under.token("alice", { scopes: [operation.scope] });
      const { text } = await ask(operation, token, alice);
      expect(text, operation.name).not.toContain("scope_missing");
    }
  });
});

describe("every answer", () => {
  test.each([
    ...OPERATIONS,
    METRICS,
    { method: "GET", path: "/nowhere", name: "" },
    { method: "GET", path: "/healthz", name: "" },
  ])("of $method $path says what it is and nothing to other sites", async (operation) => {
    for (const token of [undefined, TOKEN]) {
      const { headers } = await ask(operation, token, NEVER);
      if (headers === undefined) continue;
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("content-security-policy")).toContain("default-src 'none'");
      expect(headers.get("x-frame-options")).toBe("DENY");
      expect(headers.get("referrer-policy")).toBe("no-referrer");
      expect(headers.get("access-control-allow-origin")).toBe(null);
      expect(headers.get("x-request-id")).toMatch(/^[A-Za-z0-9_.:-]{8,128}$/);
      expect(headers.get("server") ?? headers.get("x-powered-by")).toBe(null);
    }
  });
});

test("no token is in any log line", () => {
  const logged = JSON.stringify(under.logger.lines);
  expect(logged).toContain("/v1/sessions");
  expect(logged).not.toMatch(/pawl_[A-Za-z0-9_-]{20}|the-right-token/i);
});
