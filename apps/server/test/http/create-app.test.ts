import { createHost, type Host } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { scriptedModel } from "@pawl/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type AppUnderTestOptions, appUnderTest, TOKEN } from "./app-under-test.ts";

const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };

let host: Host;
beforeEach(() => {
  host = createHost({ store: memoryStore(), model: scriptedModel(["hello back"]) });
});
afterEach(() => host.stop({ drainMs: 50 }));

const appWith = (options: AppUnderTestOptions = {}) => appUnderTest(host, options);

const send = (environment?: unknown) => ({
  method: "POST",
  headers,
  body: JSON.stringify({ content: "hi", ...(environment !== undefined && { environment }) }),
});

describe("health", () => {
  it("says who it is without a token, and whether turns can be accepted", async () => {
    const { app, stopping } = appWith();
    expect(await (await app.request("/healthz")).json()).toEqual({
      status: "ok",
      name: "pawl",
      instance: "i1",
    });
    expect((await app.request("/readyz")).status).toBe(503);
    await host.start();
    expect((await app.request("/readyz")).status).toBe(200);
    stopping.abort();
    expect((await app.request("/readyz")).status).toBe(503);
  });
});

describe("links of approvals", () => {
  it("are asked for no token, and no key of one is logged", async () => {
    const { app, logger } = appWith();
    const answer = await app.request("/a/pwk1.aaaa.bbbb", { headers: { accept: "application/json" } });
    expect([answer.status, (await answer.json()).error.code]).toEqual([404, "approval_link_unknown"]);
    expect(JSON.stringify(logger.lines)).not.toContain("aaaa");
    expect(JSON.stringify(logger.lines)).toContain("/a/…");
  });
});

describe("the token", () => {
  it.each([
    undefined,
    "",
    "Bearer ",
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.slice(1)}`,
    `Basic ${TOKEN}`,
    TOKEN,
    `Bearer ${TOKEN} ${TOKEN}`,
  ])("lets nobody in with %j", async (authorization) => {
    const { app } = appWith();
    const response = await app.request(
      "/v1/sessions",
      authorization === undefined ? {} : { headers: { authorization } },
    );
    expect(response.status).toBe(401);
  });

  it("lets its bearer run a turn", async () => {
    const { app } = appWith();
    const accepted = await app.request("/v1/sessions/s1/inputs", send());
    expect(accepted.status).toBe(202);
    const { turn_id } = (await accepted.json()) as { turn_id: string };
    const result = await app.request(`/v1/turns/${turn_id}/result?wait_ms=5000`, { headers });
    expect(await result.json()).toMatchObject({ status: "completed", text: "hello back" });
    const events = await app.request(`/v1/turns/${turn_id}/events`, { headers });
    expect(await events.text()).toContain('"type":"turn.committed"');
  });

  it("is in no log", async () => {
    const { app, logger } = appWith();
    await app.request("/v1/sessions?token=url-token", { headers });
    expect(JSON.stringify(logger.lines)).toContain("/v1/sessions");
    expect(JSON.stringify(logger.lines)).not.toMatch(/right-token|url-token/);
  });
});

describe("what is not there", () => {
  it("is JSON too", async () => {
    const { app } = appWith();
    const response = await app.request("/nowhere");
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: { code: "route_unknown" } });
  });
});

describe("MCP servers of a request", () => {
  it.each([
    ["a command", ["npx -y something"]],
    ["a command with options", [{ command: "npx", args: ["x"] }]],
    ["an address in a private network", [{ url: "http://10.0.0.1/", allow: ["10.0.0.1"] }]],
    ["what nobody knows", [7]],
  ])("are refused by a server beyond its machine: %s", async (_what, mcp) => {
    const { app } = appWith();
    const response = await app.request("/v1/sessions/s1/inputs", send({ mcp }));
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ error: { code: "mcp_commands_forbidden" } });
    expect(await host.session("s1").record()).toBeNull();
    expect(
      (await appWith({ allowMcpCommands: true }).app.request("/v1/sessions/s1/inputs", send({ mcp }))).status,
    ).not.toBe(403);
  });

  it("are possible by address", async () => {
    const { app } = appWith();
    const response = await app.request("/v1/sessions/s1/inputs", send({ mcp: ["https://example.com/mcp"] }));
    expect(response.status).toBe(202);
  });
});
