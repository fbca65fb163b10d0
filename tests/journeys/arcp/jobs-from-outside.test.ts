// What the HTTP API and the command line see of jobs, and how they end them, on the server that runs them and on another one.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { jobCancelledSchema, jobDetailsSchema, jobsSchema, turnSchema } from "@pawl/http";
import { startTestPostgres, type TestPostgres } from "@pawl/test-postgres";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { type ArcpServer, ArcpServers } from "./arcp-servers.ts";
import { RawClient } from "./raw-client.ts";

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startTestPostgres();
}, 60_000);
afterAll(() => postgres.stop());

const servers = new ArcpServers();
afterEach(() => servers.clean(), 30_000);

const FIXTURE = join(import.meta.dirname, "..", "fixtures", "slow-server.mjs");

const refusalSchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

/** What a server answers, as its own schema reads it. */
async function ask<Schema extends z.ZodType>(
  server: ArcpServer,
  path: string,
  token: string,
  schema: Schema,
  body?: object,
): Promise<{ readonly status: number; readonly body: z.output<Schema> }> {
  const response = await fetch(`${server.http}${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: schema.parse(await response.json()) };
}

/** A job that stands still in a tool until somebody releases it. */
async function held(server: ArcpServer, dir: string) {
  const journal = join(dir, "journal.txt");
  writeFileSync(journal, "");
  const command = `"${process.execPath}" "${FIXTURE}" "${journal}" "${join(dir, "release")}"`;
  const client = await RawClient.hello(server.ws);
  const { payload } = await client.submit({
    agent: "assistant",
    input: {
      content: "call hold with line=one",
      environment: { mcp: [{ command, trusted: true, required: true }] },
    },
    lease_request: { "tool.call": ["hold"] },
  });
  await vi.waitFor(() => expect(existsSync(journal) && readFileSync(journal, "utf8")).toContain("hold one"), {
    timeout: 60_000,
  });
  return { client, job: payload.job_id as string };
}

describe("jobs, from outside of the session that submitted them", { timeout: 120_000 }, () => {
  it("are there for their principal alone, with the turn that works for them", async () => {
    const dir = await servers.folder();
    const server = await servers.start(dir);
    const { client, job } = await held(server, dir);
    const listed = await ask(server, "/v1/jobs?live=1", "tok-a", jobsSchema);
    expect(listed.body.jobs).toMatchObject([
      { job_id: job, principal: "alice", status: "running", live: true },
    ]);
    const shown = await ask(server, `/v1/jobs/${job}`, "tok-a", jobDetailsSchema);
    expect(shown.body).toMatchObject({
      job_id: job,
      session_id: job,
      input: { content: "call hold with line=one" },
    });
    const turn = await ask(server, `/v1/turns/${shown.body.turn_id}`, "tok-a", turnSchema);
    expect(turn.body).toMatchObject({ state: "running" });

    expect((await ask(server, "/v1/jobs", "tok-b", jobsSchema)).body).toEqual({ jobs: [] });
    const never = await ask(server, "/v1/jobs/job_never", "tok-b", refusalSchema);
    const foreign = await ask(server, `/v1/jobs/${job}`, "tok-b", refusalSchema);
    expect([foreign.status, foreign.body]).toEqual([404, never.body]);
    expect((await ask(server, `/v1/jobs/${job}/cancel`, "tok-b", refusalSchema, {})).status).toBe(404);

    const cancelled = await ask(server, `/v1/jobs/${job}/cancel`, "tok-a", jobCancelledSchema, {
      reason: "enough",
    });
    expect([cancelled.status, cancelled.body.status]).toEqual([202, "requested"]);
    expect((await client.end(job)).payload).toMatchObject({
      final_status: "cancelled",
      code: "CANCELLED",
      message: expect.stringContaining("enough"),
    });
    const ended = await ask(server, `/v1/jobs/${job}/cancel`, "tok-a", jobCancelledSchema, {});
    expect([ended.status, ended.body]).toMatchObject([
      200,
      { status: "ended", job: { status: "cancelled" } },
    ]);
    const after = await ask(server, `/v1/jobs/${job}`, "tok-a", jobDetailsSchema);
    expect(after.body).toMatchObject({ live: false, outcome: { final_status: "cancelled" } });
  });

  it("count among the open turns of their principal, and the one that is too much ends with a reason", async () => {
    const dir = await servers.folder();
    const server = await servers.start(dir, { env: { PAWL_MAX_OPEN_TURNS: "1" } });
    const { client, job } = await held(server, dir);
    const second = await client.submit({ agent: "assistant", input: "hello" });
    expect((await client.end(second.payload.job_id)).payload).toMatchObject({
      code: "INTERNAL_ERROR",
      retryable: true,
      message: expect.stringContaining("too_many_turns"),
    });
    // Somebody else has turns of its own.
    const bob = await RawClient.hello(server.ws, { token: "tok-b" });
    const { payload } = await bob.submit({ agent: "assistant", input: "hello" });
    expect((await bob.end(payload.job_id)).payload).toMatchObject({ final_status: "success" });
    writeFileSync(join(dir, "release"), "");
    expect((await client.end(job)).payload).toMatchObject({ final_status: "success" });
  });

  it("are submitted no faster than their principal may, and others as fast as they may", async () => {
    const server = await servers.start(await servers.folder(), { env: { PAWL_MAX_SUBMITS_PER_MINUTE: "2" } });
    const client = await RawClient.hello(server.ws);
    const echo = { agent: "echo", input: "hello" };
    for (let n = 0; n < 2; n++) await client.submit(echo);
    const id = client.send("job.submit", echo);
    const refused = await client.find(({ payload }) => payload.request_id === id, "the refusal");
    expect(refused.payload).toMatchObject({
      code: "INTERNAL_ERROR",
      retryable: true,
      message: expect.stringContaining("Too many submissions"),
      details: { reason: "rate_limited", retry_after_ms: expect.any(Number) },
    });
    // Another session of the same principal is the same principal.
    const second = await RawClient.hello(server.ws);
    await expect(second.submit(echo)).rejects.toThrow(/Too many submissions/);
    const bob = await RawClient.hello(server.ws, { token: "tok-b" });
    const { payload } = await bob.submit(echo);
    expect((await bob.end(payload.job_id)).payload).toMatchObject({ final_status: "success" });
  });

  it("are ended through another server than the one that runs them", async () => {
    const shared = { databaseUrl: postgres.url };
    const [one, two] = [await servers.folder(), await servers.folder()];
    const a = await servers.start(one, shared);
    const b = await servers.start(two, shared);
    const { client, job } = await held(a, one);
    expect(
      (await ask(b, `/v1/jobs/${job}/cancel`, "tok-a", jobCancelledSchema, { reason: "from afar" })).status,
    ).toBe(202);
    expect((await client.end(job)).payload).toMatchObject({ final_status: "cancelled", code: "CANCELLED" });
    // An agent without a turn is ended where it runs, and nowhere else.
    const slow = (await client.submit({ agent: "slow", input: { ms: 600_000 } })).payload.job_id;
    const elsewhere = await ask(b, `/v1/jobs/${slow}/cancel`, "tok-a", refusalSchema, {});
    expect([elsewhere.status, elsewhere.body.error.code]).toEqual([409, "job_held_elsewhere"]);
    expect((await ask(a, `/v1/jobs/${slow}/cancel`, "tok-a", jobCancelledSchema, {})).status).toBe(202);
    expect((await client.end(slow)).payload.code).toBe("CANCELLED");
  });
});
