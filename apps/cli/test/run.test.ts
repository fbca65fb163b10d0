import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { LLMock } from "@copilotkit/aimock";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  EVERYTHING,
  jsonLines,
  makeFolder,
  pawl,
  type Server,
  startPawl,
  startServer,
} from "./pawl-process.ts";

let folder: Awaited<ReturnType<typeof makeFolder>>;
let server: Server | undefined;
beforeAll(async () => {
  folder = await makeFolder();
});
afterAll(async () => {
  await server?.stop();
  await folder.remove();
});

const ESCAPE = "\u001b";

describe.each(["in this process", "on the server of the data folder"] as const)(
  "pawl run %s",
  { timeout: 60_000 },
  (where) => {
    const here = () => ["--data-dir", folder.path];
    beforeAll(async () => {
      if (where !== "in this process") server = await startServer(folder.path);
    });

    it("calls real tools, one after another and side by side, and shows it without colours in a pipe", async () => {
      const prompt =
        "call get-sum with a=17 b=25 then call echo with message=done and call echo with message=twice";
      const { code, stdout, stderr } = await pawl(["run", ...here(), prompt, "--mcp", EVERYTHING]);
      expect([code, stderr]).toEqual([0, ""]);
      expect(stdout).toContain('→ get-sum {"a":17,"b":25}\n✓ get-sum: The sum of 17 and 25 is 42.\n→ echo');
      expect(stdout).toContain("✓ echo: Echo: done\n");
      expect(stdout).toContain("✓ echo: Echo: twice\n");
      expect(stdout).toMatch(
        /— completed in .* by the offline model .* tokens in, .* session s_\w+ · turn turn_\w+\n$/,
      );
      expect(stdout).not.toContain(ESCAPE);
    });

    it("prints one JSON object a line, the last one the turn's end", async () => {
      const args = ["run", ...here(), "--json", "--session", `json ${where}`, "--mcp", EVERYTHING];
      const { code, stdout } = await pawl([...args, "call echo with message=hello"]);
      expect(code).toBe(0);
      const lines = jsonLines(stdout);
      const types = lines.map(({ type }) => type);
      expect(types).toEqual([
        "turn.accepted",
        "turn.started",
        "input.consumed",
        "model.answered",
        // No `tool.started`: this tool says that it may be repeated, so its beginning is not recorded.
        "tool.finished",
        "text.delta",
        "model.answered",
        "turn.ended",
        "turn.committed",
        "turn.finished",
      ]);
      const last = lines.at(-1);
      expect(last).toEqual({
        type: "turn.finished",
        session_id: `json ${where}`,
        turn_id: lines[0]?.turn_id,
        outcome: "completed",
        answer: 'echo answered "Echo: hello".',
        usage: expect.objectContaining({ model_calls: 2, input_tokens: expect.any(Number) }),
      });
      const again = jsonLines((await pawl(["watch", ...here(), "--json", String(last?.turn_id)])).stdout);
      expect(again).toEqual(lines.slice(1));
    });

    it("goes on in a session: the model sees what was said before", async () => {
      const args = ["run", ...here(), "--session", `memory ${where}`, "--json"];
      const first = jsonLines((await pawl([...args, "Hello"])).stdout).at(-1);
      const second = jsonLines((await pawl([...args, "Hello"])).stdout).at(-1);
      const tokens = (line: typeof first) =>
        Number((line?.usage as Record<string, unknown> | undefined)?.input_tokens);
      expect(tokens(second)).toBeGreaterThan(tokens(first) + 50);
    });

    it("sends files with the prompt, and asks for an answer that fits a schema", async () => {
      const note = join(folder.path, "note.txt");
      const schema = join(folder.path, "schema.json");
      await writeFile(note, "remember me");
      await writeFile(schema, JSON.stringify({ type: "object", required: ["n"] }));
      const args = ["run", ...here(), "--json", "--attach", note];
      expect((await pawl([...args, "Hello"])).code).toBe(0);
      // The offline model speaks in sentences: it is asked again, and then the turn fails.
      const { code, stdout } = await pawl([...args, "--output-schema", schema, "Hello"]);
      expect(code).toBe(1);
      expect(jsonLines(stdout).at(-1)).toMatchObject({ outcome: "failed", usage: { model_calls: 2 } });
      expect(stdout).toContain("output_invalid");
      const missing = await pawl(["run", ...here(), "--attach", join(folder.path, "none"), "Hello"]);
      expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining("cannot be read")]);
    });

    it("reads the prompt from stdin and prints the answer alone", async () => {
      const { code, stdout, stderr } = await pawl(["run", ...here(), "--quiet", "-"], {
        stdin: "Who are you?\n",
      });
      expect([code, stderr]).toEqual([0, ""]);
      expect(stdout).toMatch(/^I am the offline model/);
      expect(stdout).not.toContain("—");
    });

    it("fails with 1 and says why when an MCP server cannot be started", async () => {
      const args = ["run", ...here(), "Hello", "--mcp", "no-such-program --x"];
      const { code, stdout } = await pawl(args);
      expect(code).toBe(1);
      expect(stdout).toContain("there is no program `no-such-program`");
      const last = jsonLines((await pawl([...args, "--json"])).stdout).at(-1);
      expect(last).toMatchObject({
        outcome: "failed",
        answer: null,
        error: { code: "mcp_command_not_found" },
      });
    });

    it("cancels the turn at Ctrl-C and ends with 130", async () => {
      const prompt = "call trigger-long-running-operation with duration=60 steps=2";
      const run = startPawl(["run", ...here(), prompt, "--mcp", EVERYTHING, "--json"]);
      await run.says(/"type":"model\.answered"/);
      run.child.kill("SIGINT");
      const { code, stdout, stderr } = await run.ended;
      expect(code).toBe(130);
      expect(stderr).toContain("Cancelling the turn (interrupted).");
      expect(jsonLines(stdout).at(-1)).toMatchObject({
        outcome: "cancelled",
        evidence: { reason: "interrupted" },
      });
    });

    it("cancels the turn when its time is over", async () => {
      const prompt = "call trigger-long-running-operation with duration=60 steps=2";
      const { code } = await pawl(["run", ...here(), prompt, "--mcp", EVERYTHING, "--timeout", "0.5"]);
      expect(code).toBe(130);
    });

    it("knows no turn that is not there", async () => {
      for (const command of ["watch", "cancel"]) {
        const { code, stdout, stderr } = await pawl([command, ...here(), "--json", "turn_nope"]);
        expect(code).toBe(1);
        expect(stderr).toContain("turn_nope");
        expect(JSON.parse(stdout)).toMatchObject({ type: "error", code: "turn_unknown" });
      }
    });
  },
);

describe("pawl run with --server", { timeout: 60_000 }, () => {
  it("needs the server's token, and says where from", async () => {
    const { url } = server as Server;
    const elsewhere = await makeFolder();
    const none = await pawl(["run", "--server", url, "--data-dir", elsewhere.path, "Hello"]);
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining("There is no token")]);
    const wrong = await pawl(["run", "--server", url, "--data-dir", elsewhere.path, "Hello"], {
      env: { PAWL_TOKEN: "not-the-token-of-it" },
    });
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining("does not accept this token")]);
    const right = await pawl(["run", "--server", url, "--data-dir", folder.path, "--quiet", "Hello"]);
    expect(right.code).toBe(0);
    await elsewhere.remove();
  });

  it("says when nothing is there", async () => {
    const { code, stderr } = await pawl(["run", "--server", "http://127.0.0.1:1", "Hello"]);
    expect([code, stderr]).toEqual([1, expect.stringContaining("Nothing answers at http://127.0.0.1:1")]);
  });
});

describe("pawl run against a server that dies", { timeout: 60_000 }, () => {
  it("waits for it to come back and shows the rest of the turn, nothing twice", async () => {
    const own = await makeFolder();
    const first = await startServer(own.path);
    const { port } = new URL(first.url);
    const prompt =
      "call echo with message=before then call trigger-long-running-operation with duration=2 steps=2 then call echo with message=after";
    const run = startPawl(["run", "--data-dir", own.path, "--json", prompt, "--mcp", EVERYTHING]);
    await run.says(/"effect_id":"2\.model_call\.0"/);
    await first.stop("SIGKILL");
    const second = await startServer(own.path, ["--port", port]);
    const { code, stdout, stderr } = await run.ended;
    await second.stop();
    expect(code).toBe(0);
    expect(stderr).toContain("The server is back");
    const lines = jsonLines(stdout);
    const ids = lines.flatMap(({ id }) => (id === undefined ? [] : [id]));
    expect(new Set(ids).size).toBe(ids.length);
    const results = lines.filter(({ type }) => type === "tool.finished").map(({ name }) => name);
    expect(results).toEqual(["echo", "trigger-long-running-operation", "echo"]);
    expect(lines.at(-1)).toMatchObject({
      outcome: "completed",
      answer: expect.stringContaining("Echo: after"),
    });
    await own.remove();
  });
});

describe("pawl run with a provider's key", { timeout: 60_000 }, () => {
  it("speaks to the provider: streams, calls tools, counts and prices", async () => {
    const mock = new LLMock({ port: 0, host: "127.0.0.1", logLevel: "silent", strict: true, chunkSize: 5 });
    await mock.start();
    const usage = { prompt_tokens: 1_000, completion_tokens: 100, total_tokens: 1_100 };
    mock.on({ hasToolResult: true }, { content: "The echo said hello.", usage });
    const call = { name: "echo", arguments: JSON.stringify({ message: "hello" }), id: "call_1" };
    mock.on({ userMessage: "Say hello" }, { toolCalls: [call], usage });
    const env = {
      OPENAI_API_KEY: "sk-test-key",
      OPENAI_BASE_URL: `${mock.url}/v1`,
      PAWL_MODEL_PRICE: "1/10",
    };
    const own = await makeFolder();
    const args = [
      "run",
      "--data-dir",
      own.path,
      "--model",
      "openai/gpt-test",
      "--mcp",
      EVERYTHING,
      "Say hello",
    ];
    const { code, stdout } = await pawl(args, { env });
    await mock.stop();
    await own.remove();
    expect(code).toBe(0);
    expect(stdout).toContain(
      '→ echo {"message":"hello"}\n✓ echo: Echo: hello\nThe echo said hello.\n— completed',
    );
    expect(stdout).toContain("2,000 tokens in, 200 out, $0.0040");
    expect(stdout).not.toContain("sk-test");
  });
});
