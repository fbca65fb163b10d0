import { spawn } from "node:child_process";
import { LLMock } from "@copilotkit/aimock";
import { createTestDatabase } from "@pawl/test-postgres";
import { afterAll, beforeAll, expect, it } from "vitest";

const SECRET = `k1:${Buffer.from(Array.from({ length: 32 }, (_, n) => n * 3 + 1)).toString("base64")}`;
const mock = new LLMock({ port: 0, host: "127.0.0.1", logLevel: "silent", strict: true });
const database = await createTestDatabase();
beforeAll(async () => {
  await mock.start();
});
afterAll(() => Promise.all([mock.stop(), database.drop()]));

it("runs as it is: nothing is refunded until the boss, who has a link and no account, says so", async () => {
  const call = { name: "refund", arguments: JSON.stringify({ cents: 8000 }), id: "call_1" };
  mock.on({ hasToolResult: true }, { content: "80 EUR are on their way." });
  mock.on({ userMessage: "Refund 80 EUR" }, { toolCalls: [call] });
  const child = spawn(process.execPath, ["shop.ts"], {
    cwd: new URL("..", import.meta.url),
    env: {
      ...process.env,
      DATABASE_URL: database.url,
      PAWL_SECRET: SECRET,
      SHOP_TOKEN: "t",
      PORT: "0",
      OPENAI_API_KEY: "sk-test",
      OPENAI_BASE_URL: `${mock.url}/v1`,
    },
  });
  try {
    let said = "";
    const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
    const url = await new Promise<string>((resolve, reject) => {
      const hear = (text: Buffer) => {
        said += text;
        const link = /mail to the boss: (\S+)\n/.exec(said)?.[1];
        if (link !== undefined) resolve(link);
      };
      child.stdout.on("data", hear);
      child.stderr.on("data", hear);
      void ended.then(() => reject(new Error(said)));
    });
    expect(said).not.toContain("refunded");
    expect((await fetch(new URL("/pawl/v1/sessions", url))).status).toBe(401);
    const page = await fetch(url, { headers: { accept: "text/html" } });
    expect(await page.text()).toContain("8000");
    const form = new URLSearchParams({ decision: "approve" });
    expect((await fetch(url, { method: "POST", body: form })).status).toBe(200);
    expect(await ended).toBe(0);
    expect(said.trimEnd().split("\n").slice(1)).toEqual(["refunded 8000", "80 EUR are on their way."]);
  } finally {
    child.kill("SIGKILL");
  }
});
