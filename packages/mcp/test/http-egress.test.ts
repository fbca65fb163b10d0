import { describe, expect, test, vi } from "vitest";
import { mcpTools, session } from "./harness.ts";
import { listen } from "./http-bridge.ts";
import { allow, fakeServer } from "./http-fakes.ts";

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
