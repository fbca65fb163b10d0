import { type ChildProcess, execFile, spawn } from "node:child_process";
import { promisify } from "node:util";
import { LLMock } from "@copilotkit/aimock";
import { createTestDatabase } from "@pawl/test-postgres";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

const SECRET = `k1:${Buffer.from(Array.from({ length: 32 }, (_, n) => n * 5 + 1)).toString("base64")}`;
const mock = new LLMock({ port: 0, host: "127.0.0.1", logLevel: "silent", strict: true });
const database = await createTestDatabase();
beforeAll(async () => {
  await mock.start();
  const call = (article: string) => ({ name: "stock", arguments: JSON.stringify({ article }), id: "call_1" });
  mock.on({ hasToolResult: true }, { content: "Enough." });
  for (const article of ["apples", "pears"])
    mock.on({ userMessage: `How many ${article}?` }, { toolCalls: [call(article)] });
});
afterAll(() => Promise.all([mock.stop(), database.drop()]));

const cwd = new URL("..", import.meta.url);
const env = (more: Record<string, string> = {}) => ({
  ...process.env,
  DATABASE_URL: database.url,
  PAWL_SECRET: SECRET,
  OPENAI_API_KEY: "sk-test",
  OPENAI_BASE_URL: `${mock.url}/v1`,
  ...more,
});
async function run(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd, env: env(), timeout: 40_000 });
  return stdout.trim();
}

const workers: ChildProcess[] = [];
afterEach(() => {
  for (const worker of workers.splice(0)) worker.kill("SIGKILL");
});

/** Resolves to the worker once it has said `line`. */
function worker(line: string, more: Record<string, string> = {}): Promise<ChildProcess> {
  const child = spawn(process.execPath, ["worker.ts"], { cwd, env: env(more) });
  workers.push(child);
  let said = "";
  return new Promise((resolve, reject) => {
    child.stdout.on("data", (text) => {
      said += text;
      if (said.split("\n").includes(line)) resolve(child);
    });
    child.stderr.on("data", (text) => {
      said += text;
    });
    child.once("exit", () => reject(new Error(`It ended before it said "${line}":\n${said}`)));
  });
}

describe("on PostgreSQL", () => {
  it("a worker that was killed in the midst of a call, started again, resumes, and any process sees the result", async () => {
    const turnId = await run("shop.ts", "apples");
    expect(turnId).toMatch(/^turn_/);
    const doomed = await worker("counting apples", { COUNT_MS: "600000" });
    doomed.kill("SIGKILL");
    const next = await worker("counting apples");
    expect(await run("result.ts", turnId)).toBe("Enough.");
    const ended = new Promise((resolve) => next.once("exit", resolve));
    next.kill("SIGTERM");
    expect(await ended).toBe(0);
  });

  it("a drain drives what there is and ends", async () => {
    const turnId = await run("shop.ts", "pears");
    expect(await run("cron.ts")).toBe("counting pears\ndrove 1");
    expect(await run("result.ts", turnId)).toBe("Enough.");
    expect(await run("cron.ts")).toBe("drove 0");
  });

  it("an order and its question are both stored, or neither", async () => {
    const before = await counts();
    expect(await run("shop.ts", "apples", "fail")).toBe("rolled back: out of money");
    expect(await counts()).toEqual(before);
    expect(before.orders).toBe(before.inputs);
  });
});

async function counts(): Promise<{ readonly orders: number; readonly inputs: number }> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const { rows } = await client.query(
    "select (select count(*)::int from orders) as orders, (select count(*)::int from pawl.inputs) as inputs",
  );
  await client.end();
  return rows[0];
}
