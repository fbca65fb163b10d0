import type { CacheClock, McpClient } from "@pawl/mcp-cache";
import { describe, expect, test, vi } from "vitest";
import { DEFAULT_BACKOFF, reconnectDelayMs } from "../src/connections/reconnect-policy.ts";
import {
  createServerConnection,
  type ServerConnectionOptions,
} from "../src/connections/server-connection.ts";
import { ConnectionLost, peerError } from "../src/errors.ts";

/** Virtual time; `run` fires what is due and remembers what was waited for. */
function virtualClock() {
  let now = 0;
  const timers = new Set<{ at: number; run: () => void }>();
  const clock: CacheClock = {
    now: () => now,
    setTimer(run, delayMs) {
      const timer = { at: now + delayMs, run };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
  };
  const advance = (ms: number) => {
    now += ms;
    for (const timer of [...timers].filter(({ at }) => at <= now)) {
      timers.delete(timer);
      timer.run();
    }
  };
  return { clock, advance, timers };
}

function fakeClient(
  behaviour: Partial<McpClient> = {},
): McpClient & { readonly lose: () => void; readonly closed: () => number } {
  let lost: ((cause?: Error) => void)[] = [];
  let closes = 0;
  const lose = () => {
    for (const listener of lost) listener();
    lost = [];
  };
  return {
    facts: { name: "fake", version: "1", protocolVersion: "2025-11-25", tools: true, toolsListChanged: true },
    listPage: () => Promise.resolve({ tools: [] }),
    callTool: () => Promise.resolve({ content: [], isError: false }),
    ping: () => Promise.resolve(),
    onToolsChanged: () => {},
    onClosed: (listener) => void lost.push(listener),
    close: async () => {
      closes++;
      lose();
    },
    lose,
    closed: () => closes,
    ...behaviour,
  };
}

function setUp(connect: ServerConnectionOptions["connect"], more: Partial<ServerConnectionOptions> = {}) {
  const time = virtualClock();
  const onLost = vi.fn();
  const onIdle = vi.fn();
  const connection = createServerConnection({
    server: "docs",
    connect,
    connectTimeoutMs: 10_000,
    clock: time.clock,
    random: () => 0,
    backoff: DEFAULT_BACKOFF,
    idleMs: 0,
    onToolsChanged: () => {},
    onLost,
    onIdle,
    ...more,
  });
  return { connection, onLost, onIdle, ...time };
}

const calling = { patienceMs: 60_000, repeatable: false };
const down = () => Promise.reject(peerError("mcp_server_unavailable", "nobody there"));
const settled = async () => {
  for (let turn = 0; turn < 30; turn++) await Promise.resolve();
};

test("delays grow by their factor up to the longest, with up to a quarter at random", () => {
  const delays = [1, 2, 3, 4, 5, 20].map((failures) => reconnectDelayMs(failures, DEFAULT_BACKOFF, 0));
  expect(delays).toEqual([250, 1_000, 4_000, 16_000, 30_000, 30_000]);
  expect(reconnectDelayMs(1, DEFAULT_BACKOFF, 0.999)).toBeCloseTo(312.4, 0);
});

describe("N1: the making of a client is shared", () => {
  test("by everybody who needs it at once", async () => {
    const connect = vi.fn(async () => fakeClient());
    const { connection } = setUp(connect);
    await Promise.all(Array.from({ length: 20 }, () => connection.use(async () => {}, calling)));
    expect(connect).toHaveBeenCalledTimes(1);
  });

  test("a caller that aborts stops nobody else's", async () => {
    const making = Promise.withResolvers<McpClient>();
    const { connection } = setUp(() => making.promise);
    const abort = new AbortController();
    const leaver = connection.use(async () => "done", { ...calling, signal: abort.signal });
    const stayer = connection.use(async () => "done", calling);
    abort.abort(new Error("gone"));
    await expect(leaver).rejects.toThrow("gone");
    making.resolve(fakeClient());
    expect(await stayer).toBe("done");
  });
});

describe("N2: after failures the next try waits", () => {
  test("a call tries as often as the backoff says, and waits in between", async () => {
    const connect = vi.fn(down);
    const { connection, advance } = setUp(connect);
    const call = connection.use(async () => {}, calling).catch((error: unknown) => error);
    await settled();
    expect(connect).toHaveBeenCalledTimes(1);
    advance(249);
    await settled();
    expect(connect).toHaveBeenCalledTimes(1);
    advance(1);
    await settled();
    expect(connect).toHaveBeenCalledTimes(2);
    advance(1_000);
    expect(await call).toMatchObject({ code: "mcp_server_unavailable" });
    expect(connect).toHaveBeenCalledTimes(3);
  });

  test("a server that connects and then dies at every call is a failing server", async () => {
    const connect = vi.fn(async () => fakeClient());
    const { connection, advance } = setUp(connect);
    const dying = () => Promise.reject(new ConnectionLost("crashed", true));
    for (const wait of [0, 250, 1_000]) {
      advance(wait);
      await expect(connection.use(dying, calling)).rejects.toThrow("crashed");
    }
    expect(connect).toHaveBeenCalledTimes(3);
    await expect(connection.use(dying, { ...calling, patienceMs: 3_999 })).rejects.toThrow(
      /3 times in a row.*4 s/,
    );
    expect(connect).toHaveBeenCalledTimes(3);
  });

  test("success makes it whole again", async () => {
    const connect = vi.fn(async () => fakeClient()).mockImplementationOnce(down);
    const { connection, advance } = setUp(connect);
    await expect(connection.use(async () => {}, { ...calling, attempts: 1 })).rejects.toThrow("nobody there");
    advance(250);
    await connection.use(async () => {}, calling);
    await connection.close();
  });

  test("what cannot get better is not tried again", async () => {
    const connect = vi.fn(() => Promise.reject(peerError("mcp_command_not_found", "no such program")));
    const { connection } = setUp(connect);
    await expect(connection.use(async () => {}, calling)).rejects.toMatchObject({
      code: "mcp_command_not_found",
    });
    expect(connect).toHaveBeenCalledTimes(1);
  });

  test("N5: a turn that begins does not wait for the backoff of a dead server", async () => {
    const { connection } = setUp(down);
    const listing = { attempts: 1, patienceMs: 100, repeatable: true };
    await expect(connection.use(async () => {}, listing)).rejects.toThrow("nobody there");
    await expect(connection.use(async () => {}, listing)).rejects.toThrow(/tried again in 1 s/);
  });

  test("a wait for the next try ends with its caller", async () => {
    const { connection, timers } = setUp(down);
    await expect(connection.use(async () => {}, { ...calling, attempts: 1 })).rejects.toThrow("nobody there");
    const abort = new AbortController();
    const waiting = connection.use(async () => {}, { ...calling, signal: abort.signal });
    await settled();
    abort.abort(new Error("gone"));
    await expect(waiting).rejects.toThrow("gone");
    expect(timers.size).toBe(0);
  });
});

describe("N3: work is done again only when that is harmless", () => {
  test.each([
    ["the server had not seen it", false, false, 2],
    ["it may be repeated", true, true, 2],
    ["neither", true, false, 1],
  ])("%s", async (_, sent, repeatable, times) => {
    const { connection, advance } = setUp(async () => fakeClient());
    const work = vi.fn(async () => "done").mockRejectedValueOnce(new ConnectionLost("cut", sent));
    const result = connection.use(work, { ...calling, repeatable }).catch((error: Error) => error.message);
    await settled();
    advance(250);
    expect(await result).toBe(times === 2 ? "done" : "cut");
    expect(work).toHaveBeenCalledTimes(times);
  });

  test("other failures are the work's own", async () => {
    const connect = vi.fn(async () => fakeClient());
    const { connection } = setUp(connect);
    const work = vi.fn(() => Promise.reject(peerError("mcp_protocol_error", "no")));
    await expect(connection.use(work, { ...calling, repeatable: true })).rejects.toThrow("no");
    expect(work).toHaveBeenCalledTimes(1);
    await connection.use(async () => {}, calling);
    expect(connect).toHaveBeenCalledTimes(1);
  });
});

test("N4: after close nothing is made again, not even what was being made", async () => {
  const making = Promise.withResolvers<McpClient>();
  const connect = vi.fn((_signal: AbortSignal) => making.promise);
  const { connection } = setUp(connect);
  const waiting = connection.use(async () => {}, { ...calling, attempts: 1 });
  await settled();
  await connection.close();
  expect(connect.mock.calls[0]?.[0].aborted).toBe(true);
  const late = fakeClient();
  making.resolve(late);
  await expect(waiting).rejects.toMatchObject({ code: "mcp_closed" });
  expect(late.closed()).toBe(1);
  await expect(connection.use(async () => {}, calling)).rejects.toMatchObject({ code: "mcp_closed" });
  expect(connect).toHaveBeenCalledTimes(1);
});

test("a client that is lost behind our back is told once and replaced", async () => {
  const first = fakeClient();
  const connect = vi.fn(async () => fakeClient()).mockResolvedValueOnce(first);
  const { connection, onLost } = setUp(connect);
  await connection.use(async () => {}, calling);
  first.lose();
  expect(onLost).toHaveBeenCalledTimes(1);
  expect(connection.isConnected()).toBe(false);
  await connection.use(async () => {}, calling);
  expect(connect).toHaveBeenCalledTimes(2);
});

describe("a server that is silent", () => {
  const silent = () => Promise.reject(peerError("mcp_server_timeout", "no answer"));

  test("is ended when it does not answer a ping either", async () => {
    const client = fakeClient({ ping: () => Promise.reject(new Error("no pong")) });
    const { connection } = setUp(async () => client);
    await expect(connection.use(silent, calling)).rejects.toThrow("no answer");
    await settled();
    expect(client.closed()).toBe(1);
    expect(connection.isConnected()).toBe(false);
  });

  test("is kept when only one tool of it hangs", async () => {
    const client = fakeClient();
    const { connection } = setUp(async () => client);
    await expect(connection.use(silent, calling)).rejects.toThrow("no answer");
    await settled();
    expect(client.closed()).toBe(0);
  });
});

test("idleness is counted from the end of the last work", async () => {
  const { connection, onIdle, advance } = setUp(async () => fakeClient(), { idleMs: 1_000 });
  await connection.use(async () => {}, calling);
  advance(999);
  const work = Promise.withResolvers<void>();
  const working = connection.use(() => work.promise, calling);
  await settled();
  advance(5_000);
  expect(onIdle).not.toHaveBeenCalled();
  work.resolve();
  await working;
  advance(1_000);
  expect(onIdle).toHaveBeenCalledTimes(1);
});
