import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FRAMEWORKS, type Mounted } from "./frameworks.ts";

const HTML = "text/html,application/xhtml+xml";

describe.each(FRAMEWORKS)("createHandler in %s", (_, mount) => {
  let mounted: Mounted;
  beforeEach(async () => {
    mounted = await mount();
  });
  afterEach(() => mounted.close());

  async function call(path: string, { as = "ana", body }: { as?: string | null; body?: unknown } = {}) {
    const response = await mounted.fetch(`/pawl${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: {
        "content-type": "application/json",
        ...(as !== null && { authorization: `Bearer ${as}` }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, never> };
  }
  async function asked(): Promise<{ readonly turnId: string; readonly approvalId: string }> {
    const sent = await call("/v1/sessions/s1/inputs", { body: { content: "Refund 80 EUR" } });
    expect(sent.status).toBe(202);
    const turnId = String(sent.body.turn_id);
    const result = await call(`/v1/turns/${turnId}/result?wait_ms=20000`);
    expect(result.body).toMatchObject({ status: "waiting" });
    const { approvals } = (await call("/v1/approvals")).body as unknown as {
      approvals: { approval_id: string }[];
    };
    return { turnId, approvalId: String(approvals[0]?.approval_id) };
  }

  it("leaves the application's other pages alone", async () => {
    expect(await (await mounted.fetch("/")).text()).toBe("the shop");
  });

  it("takes an input, has it approved by a link's page without JavaScript, and answers reads", async () => {
    const { turnId, approvalId } = await asked();
    const link = await call(`/v1/approvals/${approvalId}/link`, { body: { for: "boss@x.io" } });
    const url = String(link.body.url);
    expect(url).toMatch(/^http:\/\/shop\.example\/pawl\/a\//);
    const { pathname } = new URL(url);
    // The boss has a link and no account.
    const page = await mounted.fetch(pathname, { headers: { accept: HTML } });
    expect(page.headers.get("content-type")).toContain("text/html");
    expect(await page.text()).toMatch(/<form[^>]*method="post"/i);
    expect(mounted.shop.refunds).toEqual([]);
    const form = new URLSearchParams({ decision: "approve" });
    const decided = await mounted.fetch(pathname, { method: "POST", body: form, headers: { accept: HTML } });
    expect(decided.status).toBe(200);
    const result = await call(`/v1/turns/${turnId}/result?wait_ms=20000`);
    expect(result).toMatchObject({ status: 200, body: { status: "completed", text: "It is refunded." } });
    expect(mounted.shop.refunds).toEqual([8000]);
    expect(await call("/v1/sessions/s1")).toMatchObject({ status: 200, body: { session_id: "s1" } });
  });

  it("streams events, and goes on after Last-Event-ID without a gap", async () => {
    const { turnId, approvalId } = await asked();
    const stream = async (headers: Record<string, string>) => {
      const response = await mounted.fetch(`/pawl/v1/turns/${turnId}/events`, {
        headers: { authorization: "Bearer ana", ...headers },
      });
      expect(response.headers.get("content-type")).toContain("text/event-stream");
      return response;
    };
    // Whoever comes while the turn waits is told what was and what comes.
    const live = await stream({});
    await call(`/v1/approvals/${approvalId}`, { body: { decision: "approve" } });
    const ids = (text: string) => [...text.matchAll(/^id: (.+)$/gm)].map(([, id]) => id as string);
    const all = ids(await live.text());
    expect(all.length).toBeGreaterThan(4);
    const middle = all[2] as string;
    expect(ids(await (await stream({ "last-event-id": middle })).text())).toEqual(all.slice(3));
  });

  it("answers 401 to nobody and 404 to somebody else, as for what there is not", async () => {
    const { turnId, approvalId } = await asked();
    const paths = ["/v1/sessions/s1", `/v1/turns/${turnId}`, `/v1/approvals/${approvalId}`];
    for (const path of paths) {
      expect((await call(path, { as: null })).status).toBe(401);
      expect((await call(path, { as: "mallory" })).status).toBe(401);
      const foreign = await call(path, { as: "ben" });
      const unknown = await call(`${path}x`, { as: "ben" });
      expect(foreign.status).toBe(404);
      expect(unknown).toMatchObject({ status: 404, body: { error: { code: codeOf(foreign.body) } } });
    }
    expect(await call("/v1/sessions", { as: "ben" })).toMatchObject({ body: { sessions: [] } });
    expect(await call("/v1/nothing", { as: null })).toMatchObject({ status: 401 });
    expect(await call("/v1/nothing")).toMatchObject({ status: 404 });
  });
});

function codeOf(body: Record<string, unknown>): string {
  return (body.error as { code: string }).code;
}
