import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { LLMock } from "@copilotkit/aimock";
import { afterAll, beforeAll, expect, it } from "vitest";

const mock = new LLMock({ port: 0, host: "127.0.0.1", logLevel: "silent", strict: true });
beforeAll(async () => {
  await mock.start();
});
afterAll(() => mock.stop());

it("runs as it is: the job is read once, survives the restart, and ends when it is approved", async () => {
  mock.on({ userMessage: "What does an import do?" }, { content: "It reads, asks and writes." });
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ["background-task.ts"], {
    cwd: new URL("..", import.meta.url),
    env: { ...process.env, OPENAI_API_KEY: "sk-test", OPENAI_BASE_URL: `${mock.url}/v1` },
    timeout: 30_000,
  });
  expect(stdout.trimEnd().split("\n")).toEqual([
    "reading orders.csv",
    "It reads, asks and writes.",
    "restarted",
    "goes on: import-rows",
    "writing",
    '{"written":3,"approvedBy":"ana"}',
  ]);
  expect(stderr).toBe("");
});
