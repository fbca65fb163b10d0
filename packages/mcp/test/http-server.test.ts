import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { McpAuthProvider, McpCredential } from "../src/index.ts";
import { call, eventually, installed, mcpTools, session, signal } from "./harness.ts";
import { listen, overHttp } from "./http-bridge.ts";

const odd = (...args: string[]) => [
  process.execPath,
  join(import.meta.dirname, "fixtures/odd-server.mjs"),
  ...args,
];
const allow = ["127.0.0.1"];

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

describe("real servers over HTTP", () => {
  test("server-everything", async () => {
    const port = await freePort();
    const server = spawn(process.execPath, [installed("server-everything"), "streamableHttp"], {
      env: { ...process.env, PORT: String(port) },
      stdio: "ignore",
    });
    onTestFinished(() => void server.kill());
    const tools = mcpTools({ servers: [{ url: `http://127.0.0.1:${port}/mcp`, name: "everything", allow }] });
    const box = await eventually(async () => {
      const opened = await tools.open(undefined, session);
      expect(opened.definitions.length).toBeGreaterThan(5);
      return opened;
    });
    expect(box.servers[0]?.protocolVersion).toMatch(/^\d{4}-/);
    expect(await box.execute(call("echo", { message: "hello" }), { signal })).toEqual({
      status: "ok",
      output: "Echo: hello",
    });
    const long = box.find("trigger-long-running-operation");
    expect(await box.execute(call(long!.name, { duration: 0.2, steps: 2 }), { signal })).toMatchObject({
      status: "ok",
    });
  });

  test("server-filesystem and server-memory", async () => {
    const folder = await mkdtemp(join(tmpdir(), "pawl-mcp-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, "note.txt"), "pawl");
    const files = await overHttp([process.execPath, installed("server-filesystem"), folder]);
    const memory = await overHttp([process.execPath, installed("server-memory")]);
    const box = await mcpTools({
      servers: [
        { url: files.url, name: "files", allow },
        { url: memory.url, name: "memory", allow },
      ],
    }).open(undefined, session);
    expect(await box.execute(call("read_text_file", { path: join(folder, "note.txt") }), { signal })).toEqual(
      {
        status: "ok",
        output: { content: "pawl" },
      },
    );
    expect(
      await box.execute(call("memory__search_nodes", { query: "nothing like it" }), { signal }),
    ).toMatchObject({
      status: "ok",
      output: { entities: [] },
    });
  });
});

describe("sessions", () => {
  test("a session that the server lost (404) is made anew, and the call is made once", async () => {
    const bridge = await overHttp(odd());
    const box = await mcpTools({ servers: [{ url: bridge.url, allow }] }).open(undefined, session);
    const first = await box.execute(call("pid"), { signal });
    await bridge.forgetSessions();
    const second = await box.execute(call("pid"), { signal });
    expect(second.status).toBe("ok");
    expect(second).not.toEqual(first);
  });

  test("a server that says with 400 that it does not know the session is understood as well", async () => {
    let forgotten = false;
    const url = await fakeServer({
      onRequest: (request, response) => {
        if (request.headers["mcp-session-id"] === undefined || !forgotten) return false;
        forgotten = false;
        response.writeHead(400).end("Bad Request: No valid session ID provided");
        return true;
      },
    });
    const box = await mcpTools({ servers: [{ url, allow }] }).open(undefined, session);
    forgotten = true;
    expect(await box.execute(call("act"), { signal })).toEqual({ status: "ok", output: "done" });
  });

  test("change notices arrive", async () => {
    const bridge = await overHttp(odd());
    const tools = mcpTools({ servers: [{ url: bridge.url, allow }] });
    const box = await tools.open(undefined, session);
    await box.execute(call("reshape"), { signal });
    await eventually(async () => {
      const next = await tools.open(undefined, session);
      expect(next.find("echo")?.inputSchema).toHaveProperty("properties.text");
    });
    expect(await box.execute(call("echo"), { signal })).toMatchObject({ code: "mcp_tool_changed" });
  });

  test("closing tells the server that the session is over", async () => {
    const methods: string[] = [];
    const server = await fakeServer({ onRequest: ({ method }) => void methods.push(method as string) });
    const tools = mcpTools({ servers: [{ url: server, allow }] });
    await tools.open(undefined, session);
    await tools.close();
    expect(methods.at(-1)).toBe("DELETE");
  });
});

/** The least that a streamable HTTP server can be; `answer` may take over a call. */
async function fakeServer(options: {
  readonly onRequest?: (request: IncomingMessage, response: ServerResponse) => unknown;
  readonly answer?: (response: ServerResponse, id: number) => void;
}): Promise<string> {
  return listen((request, response) => {
    if (options.onRequest?.(request, response) === true) return;
    if (request.method !== "POST") {
      response.writeHead(request.method === "DELETE" ? 200 : 405).end();
      return;
    }
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      const { id, method, params } = JSON.parse(body);
      if (id === undefined) {
        response.writeHead(202).end();
        return;
      }
      if (method === "tools/call" && options.answer !== undefined) {
        options.answer(response, id);
        return;
      }
      const result =
        method === "initialize"
          ? {
              protocolVersion: params.protocolVersion,
              capabilities: { tools: {} },
              serverInfo: { name: "fake", version: "1" },
            }
          : method === "tools/list"
            ? { tools: [{ name: "act", inputSchema: { type: "object" } }] }
            : { content: [{ type: "text", text: "done" }] };
      response.writeHead(200, { "content-type": "application/json", "mcp-session-id": "one" });
      response.end(JSON.stringify({ jsonrpc: "2.0", id, result }));
    });
  });
}

describe("a misbehaving HTTP server", () => {
  const unknown = { status: "cancelled", certainty: "outcome_unknown" };

  test("50 MB in one answer end the connection, and the next call works", async () => {
    let big = true;
    const url = await fakeServer({
      answer: (response, id) => {
        response.writeHead(200, { "content-type": "application/json" });
        const text = big ? "x".repeat(50 * 1024 * 1024) : "small";
        big = false;
        response.end(JSON.stringify({ jsonrpc: "2.0", id, result: { content: [{ type: "text", text }] } }));
      },
    });
    const box = await mcpTools({ servers: [{ url, allow }] }).open(undefined, session);
    expect(await box.execute(call("act"), { signal })).toEqual(unknown);
    expect(await box.execute(call("act"), { signal })).toEqual({ status: "ok", output: "small" });
  });

  test("D12: a stream that breaks off without an answer is noticed at once", async () => {
    const url = await fakeServer({
      answer: (response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write(": working\n\n");
        setImmediate(() => response.destroy());
      },
    });
    const box = await mcpTools({ servers: [{ url, allow }] }).open(undefined, session);
    expect(await box.execute(call("act"), { signal })).toEqual(unknown);
  });

  test("D12: an answer of 500 leaves the outcome unknown, and nothing is repeated", async () => {
    let calls = 0;
    const url = await fakeServer({
      answer: (response) => {
        calls++;
        response.writeHead(500).end("broken");
      },
    });
    const box = await mcpTools({ servers: [{ url, allow }] }).open(undefined, session);
    expect(await box.execute(call("act"), { signal })).toEqual(unknown);
    expect(calls).toBe(1);
  });

  test("an event that never ends is cut off at the bound", async () => {
    const url = await fakeServer({
      answer: (response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        const chunk = `data: ${"x".repeat(1024 * 1024)}\n`;
        const more = () => {
          while (!response.destroyed && response.write(chunk));
          if (!response.destroyed) response.once("drain", more);
        };
        more();
      },
    });
    const box = await mcpTools({ servers: [{ url, allow }] }).open(undefined, session);
    expect(await box.execute(call("act"), { signal })).toMatchObject({ status: "cancelled" });
  });

  test("a stream of events without end is a flood, and is cut off", async () => {
    const url = await fakeServer({
      answer: (response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        const notice = JSON.stringify({
          jsonrpc: "2.0",
          method: "notifications/message",
          params: { level: "info", data: 1 },
        });
        const chunk = `data: ${notice}\n\n`.repeat(500);
        const more = () => {
          while (!response.destroyed && response.write(chunk));
          if (!response.destroyed) response.once("drain", more);
        };
        more();
      },
    });
    const box = await mcpTools({ servers: [{ url, allow }] }).open(undefined, session);
    expect(await box.execute(call("act"), { signal })).toEqual(unknown);
  });

  test("a server that ends its stream of notices at once is not asked for it without end", async () => {
    let streams = 0;
    const url = await fakeServer({
      onRequest: ({ method }, response) => {
        if (method !== "GET") return false;
        streams++;
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.end("retry: 0\n\n");
        return true;
      },
    });
    const box = await mcpTools({ servers: [{ url, allow }] }).open(undefined, session);
    await eventually(() => expect(streams).toBe(5));
    for (let i = 0; i < 20; i++) await box.execute(call("act"), { signal });
    expect(streams).toBe(5);
  });

  test("nobody there: told with the address and what happened", async () => {
    const tools = mcpTools({ servers: [{ url: `http://127.0.0.1:${await freePort()}/mcp`, allow }] });
    const box = await tools.open(undefined, session);
    expect(box.servers[0]?.error).toMatchObject({
      code: "mcp_server_unavailable",
      message: expect.stringContaining("ECONNREFUSED"),
    });
  });

  test("an address that speaks something else is told apart", async () => {
    const url = await listen((_, response) => void response.writeHead(404).end("no such page"));
    const box = await mcpTools({ servers: [{ url, allow }] }).open(undefined, session);
    expect(box.servers[0]?.error).toMatchObject({
      code: "mcp_server_unavailable",
      message: expect.stringContaining("404"),
    });
  });
});

describe("egress", () => {
  test("X3: a redirect to a loopback address is not followed", async () => {
    let reached = false;
    const inside = await listen((_, response) => {
      reached = true;
      response.end();
    });
    const url = await listen((_, response) => void response.writeHead(307, { location: inside }).end());
    const box = await mcpTools({ servers: [{ url, allow }] }).open(undefined, session);
    expect(box.servers[0]?.error).toMatchObject({
      code: "mcp_egress_refused",
      message: expect.stringContaining(new URL(inside).origin),
    });
    expect(reached).toBe(false);
  });

  test("X2: without permission a loopback server is not contacted, and the message says what to configure", async () => {
    let reached = false;
    const url = await listen((_, response) => {
      reached = true;
      response.end();
    });
    const box = await mcpTools({ servers: [url] }).open(undefined, session);
    expect(box.servers[0]?.error).toMatchObject({
      code: "mcp_egress_refused",
      message: expect.stringContaining('put "127.0.0.1" into `allow`'),
    });
    expect(reached).toBe(false);
  });

  test("X2: a name is refused when any of its addresses is, and nothing is resolved twice", async () => {
    const resolve = vi.fn(async () => [
      { address: "93.184.216.34", family: 4 },
      { address: "169.254.169.254", family: 4 },
    ]);
    const box = await mcpTools({ servers: ["https://metadata.example/mcp"], resolve }).open(
      undefined,
      session,
    );
    expect(box.servers[0]?.error).toMatchObject({
      code: "mcp_egress_refused",
      message: expect.stringContaining("169.254.169.254"),
    });
    expect(resolve).toHaveBeenCalledTimes(1);
  });

  test("X2: the connection goes to the address that was checked", async () => {
    const url = new URL(await fakeServer({}));
    const resolve = vi.fn(async () => [{ address: "127.0.0.1", family: 4 }]);
    const named = `http://nowhere.example:${url.port}/mcp`;
    const box = await mcpTools({ servers: [{ url: named, allow }], resolve }).open(undefined, session);
    expect(box.definitions.map(({ name }) => name)).toEqual(["act"]);
  });

  test("X2: a name that moves to a forbidden address between check and connection is refused", async () => {
    const url = new URL(await fakeServer({}));
    const resolve = vi
      .fn(async () => [{ address: "10.0.0.1", family: 4 }])
      .mockImplementationOnce(async () => [{ address: "127.0.0.1", family: 4 }]);
    const named = `http://moving.example:${url.port}/mcp`;
    const box = await mcpTools({ servers: [{ url: named, allow }], resolve }).open(undefined, session);
    expect(box.servers[0]?.error).toMatchObject({
      code: "mcp_egress_refused",
      message: expect.stringContaining("10.0.0.1"),
    });
  });

  test("X1: plain http to a public address is refused", async () => {
    const resolve = async () => [{ address: "93.184.216.34", family: 4 }];
    const box = await mcpTools({ servers: ["http://public.example/mcp"], resolve }).open(undefined, session);
    expect(box.servers[0]?.error).toMatchObject({
      code: "mcp_egress_refused",
      message: expect.stringContaining("plain http"),
    });
  });
});

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
