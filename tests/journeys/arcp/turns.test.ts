import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ArcpServers } from "./arcp-servers.ts";
import { type Frame, RawClient } from "./raw-client.ts";
import { seqs, upTo } from "./stream.ts";

const servers = new ArcpServers();
afterEach(() => servers.clean(), 30_000);

const FIXTURE = join(import.meta.dirname, "..", "fixtures", "slow-server.mjs");
const PROMPT = "call note with line=one then call hold with line=two then call note with line=three";

/** A place with an MCP server that notes each call it is made, and holds one until it is released. */
async function place() {
  const dir = await servers.folder();
  const journal = join(dir, "journal.txt");
  const release = join(dir, "release");
  return {
    dir,
    input: {
      content: PROMPT,
      environment: {
        // Its word that calls may be repeated counts.
        mcp: [
          {
            command: `"${process.execPath}" "${FIXTURE}" "${journal}" "${release}"`,
            trusted: true,
            required: true,
          },
        ],
      },
    },
    calls: () => (existsSync(journal) ? readFileSync(journal, "utf8").split("\n").filter(Boolean) : []),
    release: () => writeFileSync(release, ""),
  };
}

const bodies = (frames: readonly Frame[], kind: string) =>
  frames.filter(({ payload }) => payload.kind === kind).map(({ payload }) => payload.body);

describe("a job of an agent of the host is a turn", { timeout: 120_000 }, () => {
  it("D25 whose server may be killed while a tool runs: the client misses nothing, and each call is told once", async () => {
    const at = await place();
    const first = await servers.start(at.dir);
    const before = await RawClient.hello(first.ws);
    const accepted = await before.submit({
      agent: "assistant",
      input: at.input,
      lease_request: { "tool.call": ["note", "hold"] },
    });
    const job = accepted.payload.job_id as string;
    await vi.waitFor(() => expect(at.calls()).toEqual(["note one", "hold two"]), { timeout: 60_000 });
    await before.until(() => bodies(before.frames, "tool_result").length === 1, "the first result");
    await first.process.kill("SIGKILL");
    const second = await servers.start(at.dir);
    const after = await RawClient.resume(second.ws, before.resume);
    at.release();
    const end = await after.end(job);
    expect(end.payload).toMatchObject({ final_status: "success", result: { session_id: job } });
    const all = [...before.numbered, ...after.numbered];
    expect(seqs(all)).toEqual(upTo(all.length));
    expect(bodies(all, "tool_call").map(({ tool, args }) => [tool, args])).toEqual([
      ["note", { line: "one" }],
      ["hold", { line: "two" }],
      ["note", { line: "three" }],
    ]);
    expect(bodies(all, "tool_result").map(({ error }) => error)).toEqual([undefined, undefined, undefined]);
    // The held call may be repeated, says its tool, and was; the others are recorded and were not.
    expect(at.calls()).toEqual(["note one", "hold two", "hold two", "note three"]);
  });

  it("whose calls pass the lease where they are performed: what it does not cover is never begun", async () => {
    const at = await place();
    at.release();
    const server = await servers.start(at.dir);
    const client = await RawClient.hello(server.ws);
    const { payload } = await client.submit({
      agent: "assistant",
      input: at.input,
      lease_request: { "tool.call": ["note"] },
    });
    await client.end(payload.job_id);
    expect(at.calls()).toEqual(["note one", "note three"]);
    expect(bodies(client.frames, "tool_call").map(({ tool }) => tool)).toEqual(["note", "note"]);
    const [refusal] = bodies(client.frames, "tool_result").filter(({ error }) => error !== undefined);
    expect(refusal?.error).toMatchObject({ code: "PERMISSION_DENIED", retryable: false });
    // Without any lease it may do nothing at all.
    const bare = await client.submit({ agent: "assistant", input: at.input });
    await client.end(bare.payload.job_id);
    expect(at.calls()).toEqual(["note one", "note three"]);
  });

  it("which is cancelled with it, and whose input is checked", async () => {
    const at = await place();
    const server = await servers.start(at.dir);
    const client = await RawClient.hello(server.ws);
    const lease_request = { "tool.call": ["*"] };
    const { payload } = await client.submit({ agent: "assistant@1.0.0", input: at.input, lease_request });
    await vi.waitFor(() => expect(at.calls()).toContain("hold two"), { timeout: 60_000 });
    client.send("job.cancel", { reason: "enough" }, { job_id: payload.job_id });
    expect((await client.end(payload.job_id)).payload).toMatchObject({
      final_status: "cancelled",
      code: "CANCELLED",
    });
    const token = readFileSync(join(at.dir, "data", "token"), "utf8").trim();
    const turn = bodies(client.frames, "status")
      .find(({ phase }) => phase === "started")
      ?.message.split(" ")[1];
    await vi.waitFor(
      async () => {
        const answer = await fetch(`${server.http}/v1/turns/${turn}`, {
          headers: { authorization: `Bearer ${token}` },
        });
        expect(await answer.json()).toMatchObject({ state: "cancelled" });
      },
      { timeout: 20_000 },
    );
    expect(at.calls()).not.toContain("note three");
    const wrong = await client.submit({ agent: "assistant", input: { content: " " } });
    expect((await client.end(wrong.payload.job_id)).payload).toMatchObject({ code: "INVALID_REQUEST" });
  });
});
