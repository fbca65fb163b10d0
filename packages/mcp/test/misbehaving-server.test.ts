import { describe, expect, test } from "vitest";
import { call, eventually, isRunning, mcpTools, oddServer, session, signal } from "./harness.ts";
import { serverLog } from "./server-log.ts";

const log = serverLog();

describe("discovery", () => {
  test("every page is read", async () => {
    const box = await mcpTools({ servers: [oddServer("--pages=4")] }).open(undefined, session);
    expect(box.definitions).toHaveLength(13);
    expect(box.servers[0]?.problems).toEqual([]);
  });

  test("a cursor that comes back ends the reading and is reported", async () => {
    const box = await mcpTools({ servers: [oddServer("--cursors=loop", "--tools=a,b,c")] }).open(
      undefined,
      session,
    );
    expect(box.definitions.map(({ name }) => name)).toEqual(["a", "b", "c"]);
    expect(box.servers[0]?.problems.map(({ code }) => code)).toContain("mcp_cursor_repeated");
  });

  test("a list without end is refused with a code", async () => {
    const tools = mcpTools({ servers: [oddServer("--cursors=endless")], maxPages: 10 });
    const box = await tools.open(undefined, session);
    expect(box.servers[0]).toMatchObject({
      origin: "unavailable",
      error: { code: "mcp_too_many_pages" },
      tools: [],
    });
  });

  test("a cursor that the server calls invalid starts the reading over, once", async () => {
    const tools = mcpTools({
      servers: [oddServer("--pages=2", "--cursors=invalid-once", `--log=${log.file}`)],
    });
    expect((await tools.open(undefined, session)).definitions).toHaveLength(13);
    expect(await log.lines("list")).toHaveLength(4);
  });

  test("tools with broken schemas are reported and left out, the others stay", async () => {
    const tools = mcpTools({ servers: [oddServer("--tools=echo", "--bad-schemas")] });
    const box = await tools.open(undefined, session);
    expect(box.definitions.map(({ name }) => name)).toEqual(["echo", "old-dialect"]);
    expect(box.servers[0]?.problems.map(({ tool }) => tool)).toEqual([
      "no-schema",
      "wrong-root",
      "bad-type",
      "bad-ref",
      "bad-output",
      "needs-tasks",
      "too-deep",
      undefined,
    ]);
  });

  test("lines on standard output that are no messages are skipped and reported", async () => {
    const box = await mcpTools({ servers: [oddServer("--stray")] }).open(undefined, session);
    expect(box.definitions).toHaveLength(13);
    expect(box.servers[0]?.problems).toMatchObject([
      { code: "mcp_stray_output", message: expect.stringMatching(/^2 lines/) },
    ]);
  });

  test("a server without tools is no failure", async () => {
    const box = await mcpTools({ servers: [oddServer("--no-tools")] }).open(undefined, session);
    expect(box.servers[0]).toMatchObject({ origin: "cold", problems: [{ code: "mcp_no_tools" }] });
  });

  test("a name that the host's own tools have is qualified, and works by it", async () => {
    const tools = mcpTools({ servers: [{ command: oddServer("--tools=echo,pid"), name: "odd" }] });
    const box = await tools.open(undefined, { ...session, takenNames: ["echo"] });
    expect(box.definitions.map(({ name }) => name)).toEqual(["odd__echo", "pid"]);
    expect(await box.execute(call("odd__echo", { text: "a" }), { signal })).toEqual({
      status: "ok",
      output: "a",
    });
    expect(box.find("echo")).toBeUndefined();
    const alone = await tools.open(undefined, session);
    expect(alone.definitions.map(({ name }) => name)).toEqual(["echo", "pid"]);
  });

  test("a thousand turns that open at once start one server and fetch one list", async () => {
    const tools = mcpTools({ servers: [oddServer(`--log=${log.file}`)] });
    const boxes = await Promise.all(Array.from({ length: 1_000 }, () => tools.open(undefined, session)));
    expect(new Set(boxes.map(({ definitions }) => definitions)).size).toBe(1);
    expect([await log.lines("start"), await log.lines("list")].map(({ length }) => length)).toEqual([1, 1]);
  });

  test.each([
    ["a program that does not exist", "no-such-program-here", "mcp_command_not_found"],
    [
      "a program that ends",
      `'${process.execPath}' -e 'console.error("no licence"); process.exit(3)'`,
      "mcp_server_unavailable",
    ],
    [
      "a program that says nothing",
      `'${process.execPath}' -e 'setInterval(() => {}, 1000)'`,
      "mcp_server_timeout",
    ],
  ])("%s is told apart, and the other servers stay", async (_, command, code) => {
    const tools = mcpTools({
      servers: [{ command, name: "bad", connectTimeoutMs: 1_000 }, oddServer("--tools=echo")],
    });
    const box = await tools.open(undefined, session);
    expect(box.definitions.map(({ name }) => name)).toEqual(["echo"]);
    expect(box.servers.find(({ server }) => server === "bad")).toMatchObject({
      origin: "unavailable",
      error: { code },
    });
    if (code === "mcp_server_unavailable") {
      expect(box.servers.find(({ server }) => server === "bad")?.error?.message).toMatch(
        /exit code 3.*no licence/,
      );
    }
  });

  test("a turn goes on without a server that is slow, and the next one has its tools", async () => {
    const servers = [
      { command: oddServer("--tools=late", "--slow-list=600"), name: "slow" },
      oddServer("--tools=echo"),
    ];
    const tools = mcpTools({ servers, patienceMs: 300 });
    const first = await tools.open(undefined, session);
    expect(first.definitions.map(({ name }) => name)).toEqual(["echo"]);
    expect(first.servers.find(({ server }) => server === "slow")?.error).toMatchObject({
      code: "mcp_server_timeout",
      message: expect.stringContaining("300 ms"),
    });
    await eventually(async () => expect((await tools.open(undefined, session)).find("late")).toBeDefined());
  });

  test("what is asked by people is waited for", async () => {
    const tools = mcpTools({ servers: [oddServer("--tools=late", "--slow-list=600")], patienceMs: 50 });
    const [report] = await tools.inspect(undefined, session);
    expect(report?.tools.map(({ name }) => name)).toEqual(["late"]);
    expect(report?.latencyMs).toBeGreaterThan(500);
  });

  test("a required server that cannot be reached fails the opening", async () => {
    const tools = mcpTools({ servers: [{ command: "no-such-program-here", required: true }] });
    await expect(tools.open(undefined, session)).rejects.toMatchObject({ code: "mcp_command_not_found" });
  });
});

describe("calls", () => {
  test("an aborted call ends at once, the server is told, and others are not disturbed", async () => {
    const box = await mcpTools({ servers: [oddServer(`--log=${log.file}`)] }).open(undefined, session);
    const abort = new AbortController();
    const hanging = box.execute(call("hang"), { signal: abort.signal });
    await eventually(async () => expect(await log.lines("call hang")).toHaveLength(1));
    abort.abort();
    expect(await hanging).toEqual({ status: "cancelled", certainty: "outcome_unknown" });
    await eventually(async () => expect(await log.lines("cancelled")).toHaveLength(1));
    expect(await box.execute(call("echo", { text: "still here" }), { signal })).toEqual({
      status: "ok",
      output: "still here",
    });
  });

  test("an abort after the answer tells the server nothing", async () => {
    const box = await mcpTools({ servers: [oddServer(`--log=${log.file}`)] }).open(undefined, session);
    const abort = new AbortController();
    await box.execute(call("echo"), { signal: abort.signal });
    abort.abort();
    await box.execute(call("echo"), { signal });
    expect(await log.lines("cancelled")).toEqual([]);
  });

  test("a call that was aborted before it began was not made", async () => {
    const box = await mcpTools({ servers: [oddServer(`--log=${log.file}`)] }).open(undefined, session);
    expect(await box.execute(call("echo"), { signal: AbortSignal.abort() })).toEqual({
      status: "cancelled",
      certainty: "before_start",
    });
    expect(await log.lines("call")).toEqual([]);
  });

  test("D12: a server that dies in mid-call leaves an unknown outcome, and the call is not made again", async () => {
    const box = await mcpTools({ servers: [oddServer(`--log=${log.file}`)] }).open(undefined, session);
    expect(await box.execute(call("crash"), { signal })).toEqual({
      status: "cancelled",
      certainty: "outcome_unknown",
    });
    expect(await log.lines("call crash")).toHaveLength(1);
    expect(await box.execute(call("echo", { text: "back" }), { signal })).toEqual({
      status: "ok",
      output: "back",
    });
    expect(await log.lines("start")).toHaveLength(2);
  });

  test("D12: a server that hangs leaves an unknown outcome after its time", async () => {
    const servers = [{ command: oddServer(`--log=${log.file}`), callTimeoutMs: 200 }];
    const box = await mcpTools({ servers }).open(undefined, session);
    expect(await box.execute(call("hang"), { signal })).toEqual({
      status: "cancelled",
      certainty: "outcome_unknown",
    });
  });

  test("a call that meets a dead server connects again", async () => {
    const box = await mcpTools({ servers: [oddServer(`--log=${log.file}`)] }).open(undefined, session);
    const first = await box.execute(call("pid"), { signal });
    await box.execute(call("quit-later"), { signal });
    await eventually(() => expect(isRunning(Number(first.status === "ok" && first.output))).toBe(false));
    const second = await box.execute(call("pid"), { signal });
    expect(second.status).toBe("ok");
    expect(second).not.toEqual(first);
  });

  test("a server that floods is ended, and costs only its own call", async () => {
    const servers = [
      { command: oddServer(), name: "loud" },
      { command: oddServer("--tools=pid"), name: "quiet" },
    ];
    const box = await mcpTools({ servers }).open(undefined, session);
    const flooded = box.execute(call("flood"), { signal });
    expect(await box.execute(call("quiet__pid"), { signal })).toMatchObject({ status: "ok" });
    expect(await flooded).toEqual({ status: "cancelled", certainty: "outcome_unknown" });
  });

  test("a server that sends 50 MB is ended, and is there again for the next call", async () => {
    const box = await mcpTools({ servers: [oddServer()] }).open(undefined, session);
    expect(await box.execute(call("big"), { signal })).toEqual({
      status: "cancelled",
      certainty: "outcome_unknown",
    });
    expect(await box.execute(call("echo", { text: "a" }), { signal })).toMatchObject({ status: "ok" });
  });

  test("an answer that breaks its own schema is a failed result that says so", async () => {
    const box = await mcpTools({ servers: [oddServer()] }).open(undefined, session);
    expect(await box.execute(call("lie"), { signal })).toMatchObject({
      status: "error",
      code: "mcp_output_invalid",
      output: { n: "not a number" },
    });
  });

  test("a pattern of a stranger is not run: it could keep the host busy for ever", async () => {
    const box = await mcpTools({ servers: [oddServer("--tools=evil")] }).open(undefined, session);
    expect(await box.execute(call("evil"), { signal })).toMatchObject({ status: "ok" });
  });

  test("unknown names and arguments that are no object are failed results", async () => {
    const box = await mcpTools({ servers: [oddServer()] }).open(undefined, session);
    expect(await box.execute(call("nothing"), { signal })).toMatchObject({ code: "mcp_tool_unknown" });
    expect(await box.execute(call("echo", ["a"]), { signal })).toMatchObject({ code: "mcp_input_invalid" });
  });

  test("the idempotency key reaches the server", async () => {
    const box = await mcpTools({ servers: [oddServer(`--log=${log.file}`)] }).open(undefined, session);
    const invocation = call("echo");
    await box.execute(invocation, { signal });
    expect(await log.lines("call echo")).toEqual([`call echo ${invocation.idempotencyKey}`]);
  });
});
