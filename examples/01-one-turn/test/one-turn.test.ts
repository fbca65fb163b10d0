import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { LLMock } from "@copilotkit/aimock";
import { afterAll, beforeAll, expect, it } from "vitest";

const mock = new LLMock({ port: 0, host: "127.0.0.1", logLevel: "silent", strict: true });
beforeAll(async () => {
  await mock.start();
});
afterAll(() => mock.stop());

it("runs as it is: the model calls the tool, sees its result, answers, and the program ends by itself", async () => {
  const call = { name: "weather", arguments: JSON.stringify({ city: "Oslo" }), id: "call_1" };
  mock.on({ hasToolResult: true }, { content: "It is 4 degrees in Oslo." });
  mock.on({ userMessage: "Weather in Oslo?" }, { toolCalls: [call] });
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ["one-turn.ts"], {
    cwd: new URL("..", import.meta.url),
    env: { ...process.env, OPENAI_API_KEY: "sk-test", OPENAI_BASE_URL: `${mock.url}/v1` },
    timeout: 30_000,
  });
  expect(stdout).toBe("It is 4 degrees in Oslo.\n");
  expect(stderr).toBe("");
  const last = JSON.stringify(mock.getLastRequest()?.body);
  expect(last).toContain("celsius");
  expect(last).toContain("Refund a customer");
});
