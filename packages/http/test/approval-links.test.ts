import { PawlError, tool } from "@pawl/core";
import { createHost } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { scriptedModel } from "@pawl/testing";
import { afterAll, describe, expect, it } from "vitest";
import { z } from "zod";
import {
  approvalSchema,
  approvalsSchema,
  createHandler,
  decidedApprovalSchema,
  linkSchema,
  receiptSchema,
} from "../src/index.ts";

const performed: unknown[] = [];
const refund = tool({
  description: "Refunds",
  input: z.object({ cents: z.number(), note: z.string().optional() }),
  execute: (input) => {
    performed.push(input);
    return "ok";
  },
});
const NASTY = `<script>alert(1)</script>" 'x' \u202egnp.exe`;
const REFUND = { tools: [{ name: "refund", input: { cents: 100, note: NASTY } }] };
const host = createHost({
  store: memoryStore(),
  model: scriptedModel(
    Array.from(
      { length: 60 },
      () =>
        ({ messages }) =>
          messages.at(-1)?.role === "tool" ? "done" : REFUND,
    ),
  ),
  tools: { refund },
  publicUrl: "http://x/pawl",
});
const logged: string[] = [];
const authorize = (request: Request) =>
  request.headers.get("authorization") === "Bearer t" ? { name: "alice", operator: true } : null;
const handle = createHandler(host, {
  authorize,
  basePath: "/pawl",
  onError: (thrown, request) => logged.push(`${String(thrown)} ${request.url}`),
});
afterAll(() => host.stop({ drainMs: 50 }));

const BROWSER = "text/html,application/xhtml+xml,*/*;q=0.8";

async function call(method: string, path: string, body?: unknown) {
  const headers = { "content-type": "application/json", authorization: "Bearer t" };
  const init = body === undefined ? {} : { body: JSON.stringify(body) };
  const response = await handle(new Request(`http://x/pawl${path}`, { method, headers, ...init }));
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}
const codeOf = ({ error }: Record<string, unknown>) => (error as { code: string }).code;

async function visit(url: string, form?: Record<string, string>, accept = BROWSER) {
  const init = form === undefined ? {} : { method: "POST", body: new URLSearchParams(form) };
  const response = await handle(new Request(url, { headers: { accept }, ...init }));
  return { status: response.status, headers: response.headers, text: await response.text() };
}

let sessions = 0;
async function asked() {
  sessions += 1;
  const sent = await call("POST", `/v1/sessions/s${sessions}/inputs`, { content: "refund", ask: ["refund"] });
  const turn = host.turn(String(sent.body.turn_id));
  const waiting = await turn.result();
  if (waiting.status !== "waiting") throw new Error(`It is ${waiting.status}.`);
  const id = waiting.waits[0]?.id as string;
  const linked = await call("POST", `/v1/approvals/${id}/link`, { for: "boss@x.io" });
  return { id, turn, ...linkSchema.parse(linked.body) };
}

describe("approvals over HTTP", () => {
  it("are listed, shown, decided once and proven", async () => {
    const { id, turn } = await asked();
    const { approvals } = approvalsSchema.parse(
      (await call("GET", `/v1/approvals?session=s${sessions}`)).body,
    );
    expect(approvals).toMatchObject([{ approval_id: id, tool: "refund", status: "pending" }]);
    expect(codeOf((await call("GET", `/v1/approvals/${id}/receipt`)).body)).toBe("approval_pending");
    const invalid = await call("POST", `/v1/approvals/${id}`, { decision: "edit", input: { cents: "x" } });
    expect([invalid.status, codeOf(invalid.body)]).toEqual([422, "approval_input_invalid"]);
    const denied = await call("POST", `/v1/approvals/${id}`, { decision: "deny", reason: "no" });
    expect(decidedApprovalSchema.parse(denied.body)).toMatchObject({
      replayed: false,
      status: "denied",
      decided: { by: "alice", reason: "no" },
    });
    expect(await turn.result()).toMatchObject({ status: "completed" });
    expect((await call("POST", `/v1/approvals/${id}`, { decision: "deny" })).body).toMatchObject({
      replayed: true,
    });
    const conflict = await call("POST", `/v1/approvals/${id}`, { decision: "approve" });
    expect([conflict.status, codeOf(conflict.body)]).toEqual([409, "approval_conflict"]);
    const receipt = receiptSchema.parse((await call("GET", `/v1/approvals/${id}/receipt`)).body);
    expect(receipt).toMatchObject({ approvalId: id, decision: "denied", by: "alice" });
    expect((await call("GET", "/v1/receipt-key")).body).toEqual({ public_key: receipt.publicKey });
    const check = async (body: unknown) => (await call("POST", "/v1/receipt-check", body)).body;
    expect(await check(receipt)).toEqual({ valid: true });
    expect(await check({ ...receipt, decision: "approved" })).toEqual({ valid: false, fault: "altered" });
    expect(await check({ ...receipt, publicKey: "AA" })).toEqual({ valid: false, fault: "other_key" });
    expect(await check([1])).toEqual({ valid: false, fault: "not_a_receipt" });
    expect(approvalSchema.parse((await call("GET", `/v1/approvals/${id}`)).body).status).toBe("denied");
    expect((await call("GET", "/v1/approvals/x")).status).toBe(404);
    expect((await handle(new Request("http://x/pawl/v1/approvals"))).status).toBe(401);
  });
});

describe("a link", () => {
  it("shows a page that needs no script, decides nothing by looking, and runs nothing that is in the arguments", async () => {
    const { id, url } = await asked();
    for (let i = 0; i < 3; i++) {
      const { status, headers, text } = await visit(url);
      expect(status).toBe(200);
      expect(headers.get("content-type")).toBe("text/html; charset=utf-8");
      const policy = headers.get("content-security-policy") as string;
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("form-action 'self'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toContain("unsafe");
      expect(headers.get("referrer-policy")).toBe("no-referrer");
      expect(headers.get("cache-control")).toBe("no-store");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(text).toContain('name="viewport"');
      expect(text).toContain("boss@x.io");
      expect(text).toContain("&quot;cents&quot;: 100");
      expect(text).not.toContain("<script");
      expect(text).not.toContain("\u202e");
      expect(text).toContain("\\u{202e}");
      const style = /<style>(.*?)<\/style>/s.exec(text)?.[1] as string;
      const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(style)));
      expect(policy).toContain(`'sha256-${btoa(String.fromCharCode(...hash))}'`);
    }
    expect((await visit(url, undefined, "*/*")).text).toContain("<form method=");
    const json = await visit(url, undefined, "application/json");
    expect(JSON.parse(json.text)).toMatchObject({
      approval_id: id,
      status: "pending",
      audience: "boss@x.io",
    });
    expect(await host.approvals.show(id)).toMatchObject({ status: "pending" });
  });

  it("approves by the page's form, and shows what was decided and by whom", async () => {
    const { url, turn } = await asked();
    const before = performed.length;
    const { status, text } = await visit(url, { decision: "approve" });
    expect(status).toBe(200);
    expect(text).toContain("<strong>Approved</strong>");
    expect(text).not.toContain("<form");
    expect(await turn.result()).toMatchObject({ status: "completed" });
    expect(performed.slice(before)).toEqual([{ cents: 100, note: NASTY }]);
    expect((await visit(url, { decision: "approve" })).text).toContain("decided so before");
    const conflict = await visit(url, { decision: "deny", reason: "no" });
    expect(conflict.status).toBe(409);
    expect(conflict.text).toContain("that stands");
    expect((await visit(url)).text).toContain("boss@x.io");
    expect(performed).toHaveLength(before + 1);
  });

  it("denies with a reason, and approves other arguments once they fit", async () => {
    const denied = await asked();
    expect((await visit(denied.url, { decision: "deny", reason: "too <b>much" })).text).toContain(
      "too &lt;b&gt;much",
    );
    const edited = await asked();
    const misfit = await visit(edited.url, { decision: "edit", input: '{"cents":"x"}' });
    expect(misfit.status).toBe(422);
    expect(misfit.text).toContain("<form");
    const broken = await visit(edited.url, { decision: "edit", input: "{cents" });
    expect(broken.status).toBe(400);
    expect(broken.text).toContain("must be JSON");
    const before = performed.length;
    const { text } = await visit(edited.url, { decision: "edit", input: '{"cents":5}' });
    expect(text).toContain("Arguments that were approved");
    expect(await edited.turn.result()).toMatchObject({ status: "completed" });
    expect(performed.slice(before)).toEqual([{ cents: 5 }]);
  });

  it("answers programs in JSON, by form or JSON, and approves other arguments beside the decision", async () => {
    const one = await asked();
    const curl = await visit(one.url, { decision: "approve" }, "*/*");
    expect(decidedApprovalSchema.parse(JSON.parse(curl.text))).toMatchObject({ status: "approved" });
    const two = await asked();
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ decision: "approve", input: { cents: 7 } });
    const answer = await handle(new Request(two.url, { method: "POST", headers, body }));
    expect(await answer.json()).toMatchObject({ status: "edited", decided: { input: { cents: 7 } } });
  });

  it.each([
    [{ decision: "maybe" }, 400, "body_invalid"],
    [{}, 400, "body_invalid"],
    [{ decision: "approve", extra: "1" }, 400, "body_invalid"],
    [{ decision: "deny", reason: "x".repeat(2_001) }, 400, "body_invalid"],
  ])("refuses %j", async (form, status, code) => {
    const { url, id } = await asked();
    const answer = await visit(url, form as Record<string, string>, "*/*");
    expect([answer.status, codeOf(JSON.parse(answer.text))]).toEqual([status, code]);
    expect(await host.approvals.show(id)).toMatchObject({ status: "pending" });
  });

  it("refuses bodies of another kind, other methods, and keys that are none: in one way", async () => {
    const { url } = await asked();
    const text = await handle(new Request(url, { method: "POST", body: "decision=approve" }));
    expect(text.status).toBe(415);
    expect((await handle(new Request(url, { method: "DELETE" }))).status).toBe(405);
    const answers = new Set<string>();
    for (const bad of [
      `${url}x`,
      url.slice(0, -1),
      "http://x/pawl/a/",
      "http://x/pawl/a/pwk1.e30.AAAA",
      `${url}/x`,
    ]) {
      const got = await visit(bad, undefined, "application/json");
      answers.add(`${got.status} ${got.text}`);
      const posted = await visit(bad, { decision: "approve" }, "*/*");
      answers.add(`${posted.status} ${posted.text}`);
      expect((await visit(bad)).text).toContain("This link answers nothing");
    }
    expect([...answers]).toHaveLength(1);
    expect([...answers][0]).toContain("approval_link_unknown");
  });

  it("D12 of a call that may have happened says what goes out with a yes", async () => {
    const lost = tool({
      description: "Is lost sight of",
      input: z.object({}),
      timeoutMs: 1,
      execute: (_, { outbox }) => {
        outbox({ topic: "mail", payload: 1 });
        return new Promise(() => {});
      },
    });
    const losing = createHost({
      store: memoryStore(),
      model: scriptedModel([{ tools: [{ name: "lost" }] }, "done"]),
      tools: { lost },
      publicUrl: "http://x/pawl",
    });
    const answering = createHandler(losing, { authorize, basePath: "/pawl" });
    const turn = await losing.session("s1").send("go");
    const waiting = await turn.result();
    if (waiting.status !== "waiting") throw new Error(`It is ${waiting.status}.`);
    const { url } = await losing.waits.link(waiting.waits[0]!.id, { for: "cfo" });
    const shown = await (await answering(new Request(url, { headers: { accept: BROWSER } }))).text();
    expect(shown).toContain("Did this call happen?");
    expect(shown).toContain(
      "Messages that it left in the outbox: 1. They go out when you say that it happened.",
    );
    const form = { method: "POST", headers: { accept: BROWSER } };
    const body = new URLSearchParams({ answer: "happened" });
    expect((await answering(new Request(url, { ...form, body }))).status).toBe(200);
    expect(await turn.result()).toMatchObject({ status: "completed", text: "done" });
    await losing.stop({ drainMs: 50 });
  });

  it("of a spent budget, or of a call that may have happened, asks that and takes no approval", async () => {
    const limits = { maxTokens: 1, onBudget: "wait" } as const;
    const spent = createHost({
      store: memoryStore(),
      model: scriptedModel([REFUND, "done"]),
      tools: { refund },
      limits,
      publicUrl: "http://x/pawl",
    });
    const answering = createHandler(spent, { authorize, basePath: "/pawl" });
    const turn = await spent.session("s1").send("go");
    const waiting = await turn.result();
    if (waiting.status !== "waiting") throw new Error(`It is ${waiting.status}.`);
    const path = `http://x/pawl/v1/waits/${waiting.waits[0]?.id}/link`;
    const headers = { authorization: "Bearer t", "content-type": "application/json" };
    const { url } = linkSchema.parse(
      await (await answering(new Request(path, { method: "POST", headers, body: '{"for":"cfo"}' }))).json(),
    );
    const html = { accept: BROWSER };
    const shown = await (await answering(new Request(url, { headers: html }))).text();
    expect(shown).toContain("May the turn spend more?");
    expect(shown).toContain("cfo");
    const post = async (form: Record<string, string>, accept = BROWSER) =>
      answering(new Request(url, { method: "POST", body: new URLSearchParams(form), headers: { accept } }));
    const wrong = await post({ decision: "approve" });
    expect([wrong.status, (await wrong.text()).includes("<form")]).toEqual([400, true]);
    expect((await post({ answer: "happened" })).status).toBe(409);
    expect((await post({ answer: "grant", tokens: "many" })).status).toBe(400);
    const granted = await post({ answer: "grant", tokens: "100000" });
    expect([granted.status, (await granted.text()).includes("the turn goes on")]).toEqual([200, true]);
    expect(await turn.result()).toMatchObject({ status: "completed", text: "done" });
    expect(await (await post({ answer: "abandon" }, "*/*")).json()).toMatchObject({
      status: "already_answered",
    });
    await spent.stop({ drainMs: 50 });
  });

  it("is in no log, also when the server fails", async () => {
    const { url, key } = await asked();
    const broken = createHandler(
      { ...host, approvals: { ...host.approvals, open: async () => Promise.reject(new Error("down")) } },
      { authorize, basePath: "/pawl", onError: (thrown, request) => logged.push(`${thrown} ${request.url}`) },
    );
    expect((await broken(new Request(url))).status).toBe(500);
    const refused = {
      ...host.approvals,
      open: async () => Promise.reject(new PawlError("store_closed", "x")),
    };
    expect(
      (
        await createHandler(
          { ...host, approvals: refused },
          { authorize, basePath: "/pawl" },
        )(new Request(url))
      ).status,
    ).toBe(503);
    expect(logged.join()).toContain("down");
    expect(logged.join()).not.toContain(key.slice(0, 12));
  });
});
