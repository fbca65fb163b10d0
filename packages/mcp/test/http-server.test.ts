import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { call, eventually, installed, mcpTools, session, signal } from "./harness.ts";
import { listen, overHttp } from "./http-bridge.ts";
import { allow, fakeServer, odd } from "./http-fakes.ts";

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
