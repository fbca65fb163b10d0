import { describe, expect, test, vi } from "vitest";
import type { McpAuthProvider, McpCredential } from "../src/index.ts";
import { call, mcpTools, session, signal } from "./harness.ts";
import { listen, overHttp } from "./http-bridge.ts";
import { allow, odd } from "./http-fakes.ts";

describe("credentials", () => {
  const provider = (credential: () => McpCredential | undefined) => {
    const asked = vi.fn(async () => credential());
    return { asked, auth: { credential: asked } satisfies McpAuthProvider };
  };

  test("the provider learns the server's name, mode and provider id, and is asked anew for every refresh", async () => {
    let token = "one";
    const { asked, auth } = provider(() => ({
      headers: { authorization: `Bearer ${token}` },
      subject: "ann",
    }));
    const bridge = await overHttp(odd("--tools=echo"));
    const servers = [
      { url: bridge.url, name: "Docs", allow, auth: { mode: "oauth" as const, providerId: "idp" } },
    ];
    const tools = mcpTools({ servers, auth });
    await tools.open(undefined, session);
    expect(asked.mock.calls[0]).toMatchObject([{ server: "docs", mode: "oauth", providerId: "idp" }, {}]);
    token = "two";
    await tools.inspect(undefined, { ...session, refresh: true });
    const sent = bridge.headers.map(({ authorization }) => authorization);
    expect(sent[0]).toBe("Bearer one");
    expect(sent.at(-1)).toBe("Bearer two");
    expect(tools.stats()).toMatchObject({ connections: 1, entries: 1 });
  });

  test("C6: another principal sees no list and no connection of the first", async () => {
    let subject = "ann";
    const { auth } = provider(() => ({ headers: { authorization: "Bearer x" }, subject }));
    const bridge = await overHttp(odd("--tools=echo"));
    const servers = [{ url: bridge.url, allow, auth: { mode: "oauth" as const } }];
    const tools = mcpTools({ servers, auth });
    const hers = await tools.open(undefined, session);
    subject = "bob";
    expect((await tools.open(undefined, session)).servers[0]?.origin).toBe("cold");
    expect(tools.stats()).toMatchObject({ connections: 2, entries: 2 });
    expect(await hers.execute(call("echo"), { signal })).toMatchObject({
      status: "error",
      code: "mcp_principal_changed",
    });
  });

  test("401 says that a credential is wanted", async () => {
    const url = await listen((_, response) => void response.writeHead(401).end());
    const box = await mcpTools({ servers: [{ url, allow }] }).open(undefined, session);
    expect(box.servers[0]?.error?.code).toBe("mcp_auth_required");
  });

  test("a failing provider makes its server unavailable, not the others", async () => {
    const auth = { credential: () => Promise.reject(new Error("vault is sealed")) };
    const good = await overHttp(odd("--tools=echo"));
    const servers = [
      { url: good.url, name: "good", allow },
      { url: good.url, name: "locked", allow, auth: { mode: "api_key" as const } },
    ];
    const box = await mcpTools({ servers, auth }).open(undefined, session);
    expect(box.servers.map(({ origin }) => origin)).toEqual(["cold", "unavailable"]);
    expect(box.servers[1]?.error?.message).toContain("vault is sealed");
  });

  test("D7: a turn resumes while the auth provider is down, and its calls work once it is back", async () => {
    const bridge = await overHttp(odd("--tools=echo"));
    const servers = [{ url: bridge.url, allow, auth: { mode: "api_key" as const } }];
    let credential: () => Promise<McpCredential> = async () => ({ headers: {}, subject: "ann" });
    const auth = { credential: () => credential() };
    const { definitions: pinned } = await mcpTools({ servers, auth }).open(undefined, session);
    credential = () => Promise.reject(new Error("vault is sealed"));
    const resumed = await mcpTools({ servers, auth }).open(undefined, { ...session, pinned });
    expect(await resumed.execute(call("echo"), { signal })).toMatchObject({
      status: "error",
      message: expect.stringContaining("vault is sealed"),
    });
    credential = async () => ({ headers: {}, subject: "ann" });
    expect(await resumed.execute(call("echo", { text: "back" }), { signal })).toEqual({
      status: "ok",
      output: "back",
    });
  });

  test("configured headers are sent, and cannot replace those of the protocol", async () => {
    const bridge = await overHttp(odd("--tools=echo"));
    const headers = { "x-team": "pawl", Accept: "text/plain" };
    await mcpTools({ servers: [{ url: bridge.url, allow, headers }] }).open(undefined, session);
    expect(bridge.headers[0]).toMatchObject({
      "x-team": "pawl",
      accept: expect.stringContaining("application/json"),
    });
  });

  test("a configured server that needs a credential without a provider is told", async () => {
    const servers = [{ url: "https://a.example/mcp", auth: { mode: "oauth" as const } }];
    const box = await mcpTools({ servers }).open(undefined, session);
    expect(box.servers[0]?.error?.code).toBe("mcp_auth_required");
  });
});
