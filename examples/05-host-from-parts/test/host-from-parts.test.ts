import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { LLMock } from "@copilotkit/aimock";
import { turnIdOfInput } from "@pawl/core";
import { newInput } from "@pawl/effects";
import { createTestDatabase } from "@pawl/test-postgres";
import { scriptedModel } from "@pawl/testing";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { compose } from "../compose.ts";

const SECRET = `k1:${Buffer.from(Array.from({ length: 32 }, (_, n) => n * 7 + 1)).toString("base64")}`;
const call = { name: "weather", arguments: JSON.stringify({ city: "Oslo" }), id: "call_1" };

const mock = new LLMock({ port: 0, host: "127.0.0.1", logLevel: "silent", strict: true });
beforeAll(async () => {
  await mock.start();
});
afterAll(() => mock.stop());

const run = (env: Record<string, string>) =>
  promisify(execFile)(process.execPath, ["host-from-parts.ts"], {
    cwd: new URL("..", import.meta.url),
    env: { ...process.env, OPENAI_API_KEY: "sk-test", OPENAI_BASE_URL: `${mock.url}/v1`, ...env },
    timeout: 30_000,
  });

describe("a host from parts", () => {
  it("runs as it is, and started again finds the turn done: the model is not asked twice", async () => {
    const database = await createTestDatabase();
    mock.on({ hasToolResult: true }, { content: "It is 4 degrees in Oslo." });
    mock.on({ userMessage: "Weather in Oslo?" }, { toolCalls: [call] });
    const env = { DATABASE_URL: database.url, PAWL_SECRET: SECRET };
    const first = await run(env);
    expect(first).toEqual({ stdout: "It is 4 degrees in Oslo.\n", stderr: "" });
    const asked = mock.getRequests().length;
    expect(await run(env)).toEqual(first);
    expect(mock.getRequests()).toHaveLength(asked);
    await database.drop();
  });

  it("goes on in another process where one stopped, and is told when its secret is missing", async () => {
    const database = await createTestDatabase();
    const pool = new pg.Pool({ connectionString: database.url });
    const gate = Promise.withResolvers<void>();
    const stuck = scriptedModel([{ text: "never", after: gate.promise }]);
    const one = await compose({ pool, model: stuck, secret: SECRET });
    const { input } = await one.store.inbox.accept(await newInput({ sessionId: "s1", content: "hi" }));
    one.runner.start();
    await vi.waitFor(() => expect(stuck.calls).toHaveLength(1), { timeout: 10_000 });
    await one.runner.stop();

    const two = await compose({ pool, model: scriptedModel(["hello"]), secret: SECRET });
    two.runner.start();
    await vi.waitFor(
      async () => {
        const committed = await two.store.sessions.loadCommitted(turnIdOfInput(input.inputId));
        expect(committed?.receipt.outcome).toMatchObject({ status: "completed", text: "hello" });
      },
      { timeout: 10_000 },
    );
    await two.runner.stop();
    await expect(compose({ pool, model: stuck, secret: "" })).rejects.toMatchObject({
      code: "secret_invalid",
      message: expect.stringContaining("randomBytes"),
    });
    await Promise.all([one.store.close(), two.store.close()]);
    await pool.end();
    await database.drop();
  });
});
