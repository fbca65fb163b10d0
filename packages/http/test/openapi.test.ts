// The document against the real routes: every operation is called, and what it answers is what was said.
import { tool } from "@pawl/core";
import { backgroundTask, createHost, externalTask } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { scriptedModel } from "@pawl/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { createHandler, ROUTES } from "../src/create-handler.ts";
import type { JobDetails, Jobs } from "../src/jobs.ts";

const refund = tool({
  description: "Refunds",
  input: z.object({ cents: z.number() }),
  execute: () => ({ ok: true }),
});
const waiting = backgroundTask({
  name: "waiting",
  input: z.object({}),
  signals: { go: z.object({}) },
  async run(_, { signals }) {
    await signals.next("go");
    await signals.next("go");
    return {};
  },
});
const outside = externalTask({ name: "outside", input: z.object({}) });
const host = createHost({
  store: memoryStore(),
  model: scriptedModel([
    "hello back",
    { tools: [{ name: "refund", input: { cents: 5 } }] },
    "refunded",
    { tools: [{ name: "refund", input: { cents: 6 } }] },
    "not refunded",
    "a fork",
  ]),
  tools: { refund },
  approvals: { refund: () => true },
  tasks: [waiting],
  publicUrl: "https://example.com",
});
const job: JobDetails = {
  jobId: "job_1",
  agent: "writer@1",
  status: "running",
  live: true,
  principal: "alice",
  protocolSessionId: "sess_1",
  idempotencyKey: "k",
  createdAt: 5,
  endedAt: null,
  turn: null,
  input: "hi",
  lease: {},
  budget: ["USD:1"],
  outcome: null,
};
const jobs: Jobs = {
  list: async () => [job],
  find: async () => job,
  cancel: async () => ({ status: "requested", job }),
};
const handle = createHandler(host, { authorize: () => ({ name: "alice" }), jobs: () => jobs });
afterAll(() => host.stop({ drainMs: 50 }));

type Document = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly openapi: string;
};
interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: unknown }[];
  readonly requestBody?: unknown;
  readonly responses: Readonly<Record<string, unknown>>;
}

async function ask(method: string, path: string, body?: unknown): Promise<Response> {
  return handle(
    new Request(`http://localhost${path}`, {
      method,
      ...(body !== undefined && {
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    }),
  );
}

let document: Document;
const ids: Record<string, string> = { session: "s1" };
beforeAll(async () => {
  document = await (await ask("GET", "/v1/openapi.json")).json();
  const send = async (content: unknown = "hi") => {
    const sent = (await (await ask("POST", "/v1/sessions/s1/inputs", { content })).json()) as {
      turn_id: string;
    };
    await ask("GET", `/v1/turns/${sent.turn_id}/result?wait_ms=20000`);
    return sent.turn_id;
  };
  const file = { type: "file", media_type: "application/json", data: btoa("{}") };
  ids.turn = await send([{ type: "text", text: "see" }, file]);
  const uploaded = await ask("POST", "/v1/sessions/s1/attachments", {});
  ids.ref = ((await uploaded.json()) as { ref: string }).ref;
  const alice = host.as({ principal: "alice" });
  ids.task = (await alice.tasks.start(waiting, {}, { session: "s1" })).id;
  ids.outside = (await alice.tasks.start(outside, {}, { session: "s1" })).id;
  ids.approvedTurn = await send();
  const waits = async () =>
    ((await (await ask("GET", "/v1/waits")).json()) as { waits: { id: string }[] }).waits[0]?.id as string;
  ids.approval = await waits();
  await ask("POST", `/v1/approvals/${ids.approval}`, { decision: "approve" });
  await ask("GET", `/v1/turns/${ids.approvedTurn}/result?wait_ms=20000`);
  ids.waitingTurn = await send();
  ids.wait = await waits();
  const later = Date.now() + 3_600_000;
  await ask("POST", "/v1/sessions/s_done/inputs", { content: "hi", at: later });
});

describe("GET /v1/openapi.json", () => {
  test("needs no token and describes every route, each once", () => {
    expect(document.openapi).toBe("3.1.0");
    const described = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map(
        (method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ":$1")}`,
      ),
    );
    expect(described.sort()).toEqual(ROUTES.map(({ method, path }) => `${method} ${path}`).sort());
    const names = ROUTES.map(({ doc }) => doc.operation);
    expect(new Set(names).size).toBe(names.length);
  });

  test("is whole in itself: nothing refers to what is not there", () => {
    const text = JSON.stringify(document);
    for (const [, reference = ""] of text.matchAll(/"\$ref":"([^"]+)"/g)) {
      const found = reference
        .slice(2)
        .split("/")
        .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], document);
      expect(found, reference).toBeDefined();
    }
  });

  test("says of numbers that they are numbers, and what bodies may hold", () => {
    const limit = document.paths["/v1/sessions"]?.get?.parameters?.[0];
    expect(limit).toEqual({
      name: "limit",
      in: "query",
      required: false,
      schema: { type: "integer", minimum: 1, maximum: 500 },
    });
    expect(document.paths["/v1/turns/{turn}/cancel"]?.post?.requestBody).toMatchObject({ required: false });
    expect(document.paths["/v1/sessions/{session}/inputs"]?.post?.requestBody).toMatchObject({
      required: true,
    });
  });
});

interface Call {
  readonly path?: () => string;
  readonly body?: unknown;
  readonly bodyOf?: () => unknown;
  readonly status?: number;
}

/** How each operation is called so that it works. An operation that is missing here fails the test below. */
const CALLS: Readonly<Record<string, Call>> = {
  acceptInput: { body: { content: "hi", delivery: "steer" }, status: 202 },
  showInput: {},
  listSessions: {},
  showSession: {},
  streamSession: {},
  listTurns: {},
  listReceipts: {},
  verifySession: {},
  showTurn: {},
  streamTurn: {},
  awaitResult: {},
  cancelTurn: { body: {} },
  listEffects: {},
  showRecord: {},
  replayTurn: {},
  forkTurn: { body: { at: 0 }, status: 202 },
  uploadAttachment: { body: "bytes", status: 201 },
  downloadAttachment: {},
  listTasks: {},
  startTask: { body: { name: "waiting", input: {}, session: "s1" }, status: 202 },
  transferTasks: { bodyOf: () => ({ from: "s1", to: "s1", task_ids: [ids.task] }) },
  deleteTaskSession: { body: { session: "elsewhere" } },
  showTask: {},
  awaitTask: { status: 202 },
  signalTask: { body: { name: "go", payload: {} } },
  cancelTask: { body: {}, status: 202 },
  reportTask: { path: () => `/v1/tasks/${ids.outside}/report`, body: { progress: 1 } },
  listWaits: {},
  answerWait: { body: { decision: "deny" } },
  listApprovals: {},
  showApproval: {},
  decideApproval: { body: { decision: "approve" } },
  linkApproval: { path: () => `/v1/approvals/${ids.wait}/link` },
  linkWait: {},
  showApprovalReceipt: {},
  showReceiptKey: {},
  checkReceipt: {
    body: { format: "pawl-approval", version: 1, approvalId: "a", publicKey: "k", signature: "s" },
  },
  eraseSession: {},
  retireSession: { path: () => "/v1/sessions/s_done/retire" },
  stopSession: { path: () => "/v1/sessions/s_done/stop" },
  destroySession: { path: () => "/v1/sessions/s_done/destroy" },
  pauseSession: {},
  resumeSession: {},
  // It waits for an approval.
  grantBudget: { path: () => `/v1/turns/${ids.waitingTurn}/grants`, body: { tokens: 1 }, status: 409 },
  listJobs: {},
  showJob: {},
  cancelJob: { status: 202 },
  // Alice is no operator.
  listNodes: { status: 403 },
  pauseNode: { status: 403 },
  resumeNode: { status: 403 },
  listDeadLetters: { status: 403 },
  retryDeadLetter: { status: 403 },
  discardDeadLetter: { status: 403 },
  prune: { body: { older_than_ms: 0 }, status: 403 },
};

describe("every operation answers as it is described", () => {
  test("every operation is called below", () => {
    expect(Object.keys(CALLS).sort()).toEqual(ROUTES.map(({ doc }) => doc.operation).sort());
  });

  // A link can be had only while nobody has answered, and of what was erased nothing can be had.
  const late = ["answerWait", "eraseSession"];
  const ordered = [...ROUTES].sort((a, b) => late.indexOf(a.doc.operation) - late.indexOf(b.doc.operation));
  test.each(ordered.map((route) => ({ route, name: route.doc.operation })))(
    "$name",
    async ({ route, name }) => {
      const { path, body, bodyOf, status = 200 } = CALLS[name] ?? {};
      const at =
        path?.() ?? route.path.replaceAll(/:(\w+)/g, (_, key: string) => encodeURIComponent(ids[key] ?? key));
      const response = await ask(route.method, at, bodyOf?.() ?? body);
      const described = route.doc.answers[response.status];
      expect([response.status, described !== undefined], await peek(response)).toEqual([status, true]);
      if (described?.stream) {
        const event = await firstEvent(response);
        expect(described.schema?.safeParse(event).error).toBe(undefined);
      } else if (described?.schema !== undefined)
        expect(strictly(described?.schema, await response.json())).toBe(undefined);
    },
  );
});

/** Also members that were not described are found. */
function strictly(schema: z.ZodType | undefined, value: unknown): unknown {
  const checked = schema?.safeParse(value);
  if (checked === undefined || !checked.success) return checked?.error ?? "no schema";
  expect(checked.data).toEqual(value);
  return undefined;
}

async function peek(response: Response): Promise<string> {
  return response.headers.get("content-type")?.includes("json") ? response.clone().text() : "";
}

async function firstEvent(response: Response): Promise<unknown> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = ""; ; ) {
    const { value, done } = (await reader?.read()) ?? { done: true };
    text += value ?? "";
    const data = /^data: (.*)$/m.exec(text)?.[1];
    if (data !== undefined) {
      await reader?.cancel();
      return JSON.parse(data);
    }
    if (done) throw new Error(`No event came: ${text}`);
  }
}
