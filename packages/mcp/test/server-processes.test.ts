import { describe, expect, test, vi } from "vitest";
import { call, eventually, isRunning, mcpTools, oddServer, session, signal } from "./harness.ts";
import { serverLog } from "./server-log.ts";

const log = serverLog();

describe("processes", () => {
  test("a server gets a minimal environment and what is configured, no secret of the host", async () => {
    vi.stubEnv("PAWL_TEST_SECRET", "hunter2");
    vi.stubEnv("PAWL_TEST_SHARED", "for the server");
    const servers = [
      { command: `ASSIGNED=1 ${oddServer()}`, env: { GIVEN: "2" }, inheritEnv: ["PAWL_TEST_SHARED"] },
    ];
    const box = await mcpTools({ servers }).open(undefined, session);
    vi.unstubAllEnvs();
    const outcome = await box.execute(call("env"), { signal });
    expect(outcome).toMatchObject({
      output: { ASSIGNED: "1", GIVEN: "2", PAWL_TEST_SHARED: "for the server" },
    });
    expect(JSON.stringify(outcome)).not.toContain("hunter2");
    expect(outcome).toHaveProperty("output.PATH");
  });

  test("closing ends the whole process group, also of a server that ignores it", async () => {
    const tools = mcpTools({ servers: [oddServer("--ignore-eof")] });
    const box = await tools.open(undefined, session);
    const outcomes = await Promise.all(["pid", "child"].map((name) => box.execute(call(name), { signal })));
    const pids = outcomes.map((outcome) => Number(outcome.status === "ok" && outcome.output));
    expect(pids.map(isRunning)).toEqual([true, true]);
    await tools.close();
    await eventually(() => expect(pids.map(isRunning)).toEqual([false, false]));
  });

  test("what a crashed server leaves behind is ended as well", async () => {
    const box = await mcpTools({ servers: [oddServer()] }).open(undefined, session);
    const outcome = await box.execute(call("child"), { signal });
    const pid = Number(outcome.status === "ok" && outcome.output);
    await box.execute(call("crash"), { signal });
    await eventually(() => expect(isRunning(pid)).toBe(false));
  });

  test("sessions have processes of their own, and a forgotten session has none", async () => {
    const tools = mcpTools({ servers: [oddServer()] });
    const pids = await Promise.all(
      ["a", "b"].map(async (sessionId) => {
        const box = await tools.open(undefined, { sessionId, signal });
        const outcome = await box.execute(call("pid"), { signal });
        return Number(outcome.status === "ok" && outcome.output);
      }),
    );
    expect(new Set(pids).size).toBe(2);
    await tools.forgetSession("a");
    await eventually(() => expect(pids.map(isRunning)).toEqual([false, true]));
    expect(tools.stats()).toMatchObject({ connections: 1, entries: 1 });
  });

  test("a session that is forgotten right after a change notice does not come back", async () => {
    const tools = mcpTools({ servers: [oddServer(`--log=${log.file}`)] });
    const box = await tools.open(undefined, session);
    await box.execute(call("change"), { signal });
    await tools.forgetSession("s1");
    // Longer than a notice waits before its list is fetched; another server's start is what is observed meanwhile.
    const other = mcpTools({ servers: [oddServer("--slow-list=600")] });
    await other.open(undefined, session);
    expect(tools.stats()).toMatchObject({ connections: 0, entries: 0 });
    expect(await log.lines("start")).toHaveLength(1);
  });

  test("an idle connection is closed and leaves nothing behind", async () => {
    const tools = mcpTools({ servers: [oddServer()], idleMs: 50 });
    const box = await tools.open(undefined, session);
    const outcome = await box.execute(call("pid"), { signal });
    const pid = Number(outcome.status === "ok" && outcome.output);
    await eventually(() => expect(isRunning(pid)).toBe(false));
    expect(tools.stats().connections).toBe(0);
    expect(await box.execute(call("echo", { text: "again" }), { signal })).toMatchObject({ status: "ok" });
  });

  test("after close nothing is started", async () => {
    const tools = mcpTools({ servers: [oddServer(`--log=${log.file}`)] });
    const box = await tools.open(undefined, session);
    await tools.close();
    await expect(tools.open(undefined, session)).rejects.toMatchObject({ code: "mcp_closed" });
    expect(await box.execute(call("echo"), { signal })).toMatchObject({
      status: "error",
      code: "mcp_closed",
    });
    expect(await log.lines("start")).toHaveLength(1);
  });
});
