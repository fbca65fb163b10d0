import { spawn } from "node:child_process";
import { PassThrough } from "node:stream";
import { expect, onTestFinished, test } from "vitest";
import { connect } from "../../src/client/index.ts";
import { stdioTransport } from "../../src/transports/stdio.ts";

const runtime = `
  import { conformanceAgents } from ${JSON.stringify(new URL("../../dist/conformance/index.js", import.meta.url).href)};
  import { ArcpServer } from ${JSON.stringify(new URL("../../dist/server/index.js", import.meta.url).href)};
  import { stdioTransport } from ${JSON.stringify(new URL("../../dist/transports/stdio.js", import.meta.url).href)};
  const server = new ArcpServer({ agents: conformanceAgents(), authenticate: ({ token }) => ({ id: token }) });
  server.accept(stdioTransport(process.stdin, process.stdout));
  process.stdin.once("end", () => void server.close());
`;

test("[4-2] a runtime in a child process, over its stdin and stdout", async () => {
  const child = spawn(process.execPath, ["--input-type=module", "-e", runtime], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const exited = new Promise((resolve) => child.once("exit", resolve));
  const client = await connect({ token: "ada", open: async () => stdioTransport(child.stdout, child.stdin) });
  const job = await client.submit({ agent: "echo", input: { text: "line\nbreak   ünïcödé" } });
  expect(await job.done).toMatchObject({ result: { echo: { text: "line\nbreak   ünïcödé" } } });
  const big = await client.submit({ agent: "chunker", input: { chunks: 20, size: 50_000 } });
  const end = await big.done;
  expect(end.status === "success" && (end.result as string).length).toBe(1_000_000);
  await client.close();
  expect(await exited).toBe(0);
});

test("lines are put together from pieces, blank ones skipped, endless ones refused", async () => {
  const input = new PassThrough();
  const transport = stdioTransport(input, new PassThrough(), { maxLineBytes: 100 });
  const frames: string[] = [];
  const closed = new Promise((resolve) => {
    transport.start({
      frame: (data) => frames.push(data as string),
      drain: () => undefined,
      closed: resolve,
    });
  });
  const text = Buffer.from('{"a":"ü"}\r\n\n  \n{"b":1}\n{"c"');
  for (const byte of text) input.write(Buffer.from([byte]));
  input.write(":2}\n");
  await expect.poll(() => frames).toEqual(['{"a":"ü"}', '{"b":1}', '{"c":2}']);
  input.write("x".repeat(101));
  expect(await closed).toEqual({ code: 1009, reason: "line too long" });
});
