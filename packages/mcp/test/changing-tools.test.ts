import { describe, expect, test } from "vitest";
import { call, eventually, mcpTools, oddServer, session, signal } from "./harness.ts";
import { serverLog } from "./server-log.ts";

const log = serverLog();

describe("change notices", () => {
  test("D7: a tool that changed in mid-turn is not called; the next turn is shown the new one", async () => {
    const tools = mcpTools({ servers: [oddServer(`--log=${log.file}`)] });
    const box = await tools.open(undefined, session);
    const shown = box.find("echo");
    await box.execute(call("reshape"), { signal });
    expect(await box.execute(call("echo"), { signal })).toMatchObject({
      status: "error",
      code: "mcp_tool_changed",
      message: expect.stringContaining("inputSchema"),
    });
    expect(await log.lines("call echo")).toEqual([]);
    expect(box.find("echo")).toBe(shown);
    const next = await tools.open(undefined, session);
    expect(next.find("echo")?.inputSchema).toHaveProperty("properties.text");
    expect(await next.execute(call("echo", { text: "new" }), { signal })).toMatchObject({ status: "ok" });
  });

  test("D7: a tool that vanished in mid-turn answers that it did", async () => {
    const box = await mcpTools({ servers: [oddServer(`--log=${log.file}`)] }).open(undefined, session);
    await box.execute(call("vanish"), { signal });
    expect(await box.execute(call("echo"), { signal })).toMatchObject({
      status: "error",
      code: "mcp_tool_gone",
    });
    expect(await log.lines("call echo")).toEqual([]);
  });

  test("a notice fetches the list without anybody asking", async () => {
    const tools = mcpTools({ servers: [oddServer(`--log=${log.file}`)] });
    const box = await tools.open(undefined, session);
    await box.execute(call("change"), { signal });
    await eventually(async () => expect(await log.lines("list")).toHaveLength(2));
    await eventually(async () => {
      const next = await tools.open(undefined, session);
      expect(next.servers[0]?.origin).toBe("fresh");
      expect(next.find("extra")).toBeDefined();
    });
  });

  test("a connection that was lost makes the list suspect", async () => {
    const tools = mcpTools({ servers: [oddServer(`--log=${log.file}`)] });
    const box = await tools.open(undefined, session);
    await box.execute(call("crash"), { signal });
    const next = await tools.open(undefined, session);
    expect(next.servers[0]?.origin).toBe("stale");
    await eventually(async () => expect(await log.lines("list")).toHaveLength(2));
  });
});

describe("pinned toolboxes", () => {
  test("D7: a turn that resumes in another process keeps its definitions and asks for no list", async () => {
    const servers = [oddServer("--tools=echo,pid", `--log=${log.file}`)];
    const shown = (await mcpTools({ servers }).open(undefined, session)).definitions;
    const stored = JSON.parse(JSON.stringify(shown)) as typeof shown;
    const elsewhere = await mcpTools({ servers }).open(undefined, { ...session, pinned: stored });
    expect(elsewhere.definitions).toEqual(stored);
    expect(await log.lines("list")).toHaveLength(1);
    expect(await elsewhere.execute(call("echo", { text: "resumed" }), { signal })).toEqual({
      status: "ok",
      output: "resumed",
    });
  });

  test("D7: what changed while the turn was away is not called", async () => {
    const shown = (await mcpTools({ servers: [oddServer("--tools=echo,pid")] }).open(undefined, session))
      .definitions;
    const servers = [oddServer("--tools=pid", `--log=${log.file}`)];
    const elsewhere = await mcpTools({ servers }).open(undefined, { ...session, pinned: shown });
    expect(await elsewhere.execute(call("echo"), { signal })).toMatchObject({ code: "mcp_tool_gone" });
    expect(await elsewhere.execute(call("pid"), { signal })).toMatchObject({ status: "ok" });
  });

  test("a turn survives that its server is taken out of the configuration; only that server's tools are gone", async () => {
    const both = [
      { command: oddServer("--tools=echo"), name: "one" },
      { command: oddServer("--tools=pid"), name: "two" },
    ];
    const environment = { mcp: ["one", "two"] };
    const shown = (await mcpTools({ servers: both }).open(environment, session)).definitions;
    const elsewhere = await mcpTools({ servers: both.slice(1) }).open(environment, {
      ...session,
      pinned: shown,
    });
    expect(await elsewhere.execute(call("echo"), { signal })).toMatchObject({ code: "mcp_tool_gone" });
    expect(await elsewhere.execute(call("pid"), { signal })).toMatchObject({ status: "ok" });
  });

  test("definitions of other kinds are somebody else's; a server that is no longer configured is told", async () => {
    const [echo] = (await mcpTools({ servers: [oddServer("--tools=echo")] }).open(undefined, session))
      .definitions;
    const { source: _, ...own } = echo!;
    const elsewhere = await mcpTools({}).open(undefined, {
      ...session,
      pinned: [{ ...own, name: "own" }, echo!],
    });
    expect(elsewhere.definitions).toEqual([echo]);
    expect(await elsewhere.execute(call("echo"), { signal })).toMatchObject({ code: "mcp_tool_gone" });
  });
});
