import { expect, test, vi } from "vitest";
import { WebSocket as WsWebSocket } from "ws";
import { connect, type WebSocketConstructor } from "../../src/client/index.ts";
import { openWebSocket } from "../../src/transports/websocket-client.ts";
import { serveWebSocket } from "../../src/transports/websocket-server.ts";
import { sharedServer } from "../support/conformance-server.ts";

const { url } = await sharedServer();

test.each([
  ["the platform's WebSocket", undefined],
  ["the ws package's", WsWebSocket as unknown as WebSocketConstructor],
])("[4-1] the client over %s", async (_, WebSocket) => {
  const client = await connect({
    url,
    token: "token-ada",
    ...(WebSocket === undefined ? {} : { WebSocket }),
  });
  const jobs = await Promise.all(
    Array.from({ length: 32 }, () => client.submit({ agent: "counter", input: { n: 50 } })),
  );
  for (const job of jobs) {
    let last = 0;
    for await (const event of job.events)
      if (event.kind === "progress") expect(event.body.current).toBe(++last);
    expect(await job.done).toMatchObject({ result: { count: 50 } });
  }
  await client.close();
});

test("nobody there is connect_failed, an abort is its reason", async () => {
  await expect(openWebSocket("ws://127.0.0.1:9/")).rejects.toMatchObject({ code: "connect_failed" });
  const controller = new AbortController();
  controller.abort(new Error("not now"));
  await expect(openWebSocket(url, { signal: controller.signal })).rejects.toThrow("not now");
});

test("without any WebSocket the client says so at once, and does not try again", async () => {
  vi.stubGlobal("WebSocket", undefined);
  try {
    const refused = { code: "websocket_missing", message: expect.stringContaining('"ws"') };
    await expect(openWebSocket(url)).rejects.toMatchObject(refused);
    await expect(connect({ url, token: "token-ada" })).rejects.toMatchObject(refused);
  } finally {
    vi.unstubAllGlobals();
  }
});

test("an address that is none is refused at once, and not told: it may have secrets in it", async () => {
  for (const url of ["nonsense", "ftp://x", "ws://", "ws://host:port"]) {
    const refused = connect({ url: `${url}?token=secret`, token: "token-ada" });
    await expect(refused).rejects.toMatchObject({
      code: "invalid_options",
      message: expect.not.stringContaining("secret"),
    });
  }
});

test("an endpoint with a path serves that path only, and closes", async () => {
  const endpoint = await serveWebSocket({
    path: "/arcp",
    onTransport: (transport) => transport.close(4000, "no"),
  });
  expect(endpoint.url).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\/arcp$/);
  await expect(openWebSocket(endpoint.url.replace("/arcp", "/other"))).rejects.toMatchObject({
    code: "connect_failed",
  });
  const transport = await openWebSocket(endpoint.url);
  const closed = new Promise((resolve) => {
    transport.start({ frame: () => undefined, drain: () => undefined, closed: resolve });
  });
  expect(await closed).toEqual({ code: 4000, reason: "no" });
  await endpoint.close();
  await expect(openWebSocket(endpoint.url)).rejects.toMatchObject({ code: "connect_failed" });
});
