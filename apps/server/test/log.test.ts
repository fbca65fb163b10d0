import { Writable } from "node:stream";
import { expect, it } from "vitest";
import { createLogger } from "../src/log/create-logger.ts";

function collect(isTTY: boolean) {
  let text = "";
  const stream = new Writable({
    write(chunk, _, done) {
      text += chunk;
      done();
    },
  });
  return { stream: Object.assign(stream, { isTTY }), text: () => text };
}

it("writes a JSON object a line, with secrets hidden wherever they are", () => {
  const { stream, text } = collect(false);
  const logger = createLogger({ level: "info", stream });
  logger.debug("not this");
  logger.warn("it is odd", {
    path: "/v1",
    token: "t0",
    request: { authorization: "t1", inner: { password: "t2" } },
  });
  const line = JSON.parse(text());
  expect(line).toMatchObject({ level: "warn", msg: "it is odd", path: "/v1", token: "(hidden)" });
  expect(text()).not.toMatch(/t[012]/);
});

it("writes a line for people on a terminal, which nothing in it can steer", () => {
  const { stream, text } = collect(true);
  createLogger({ level: "info", stream }).info("ready", { url: "http://x", name: "a\u001b[31mb\nc" });
  expect(text()).toMatch(/^\d\d:\d\d:\d\d info {2}ready url=http:\/\/x name=a \[31mb c\n$/);
});
