import { createHost } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { scriptedModel } from "@pawl/testing";
import { afterAll, describe, expect, it } from "vitest";
import {
  createHandler,
  type JobDetails,
  type Jobs,
  jobCancelledSchema,
  jobDetailsSchema,
  jobsSchema,
} from "../src/index.ts";

const host = createHost({ store: memoryStore(), model: scriptedModel([]) });
afterAll(() => host.stop());

const job: JobDetails = {
  jobId: "job_1",
  agent: "writer@1",
  status: "running",
  live: true,
  principal: "alice",
  protocolSessionId: "sess_1",
  createdAt: 5,
  endedAt: null,
  turn: { sessionId: "s1", turnId: "turn_1" },
  input: { content: "hi" },
  lease: {},
  outcome: null,
};
const asked: unknown[] = [];
const jobs = (name: string): Jobs => ({
  async list(query) {
    asked.push({ name, ...query });
    return name === "alice" ? [job] : [];
  },
  find: async (id) => (name === "alice" && id === "job_1" ? job : null),
  async cancel(id, options) {
    asked.push({ name, id, ...options });
    if (name !== "alice") return null;
    return { status: id === "job_1" ? "requested" : "ended", job };
  },
});

function handlerFor(name: string, withJobs = true) {
  const handle = createHandler(host, {
    authorize: () => ({ name }),
    ...(withJobs && { jobs: (principal) => jobs(principal.name) }),
  });
  return async (method: string, path: string, body?: unknown) => {
    const init = body === undefined ? {} : { body: JSON.stringify(body) };
    const headers = { "content-type": "application/json" };
    const response = await handle(new Request(`http://x${path}`, { method, headers, ...init }));
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
}
const alice = handlerFor("alice");

describe("jobs over HTTP", () => {
  it("are listed and shown to whom they are handed for", async () => {
    const listed = await alice("GET", "/v1/jobs?live=1&limit=5");
    expect(jobsSchema.parse(listed.body).jobs).toMatchObject([
      { job_id: "job_1", arcp_session_id: "sess_1" },
    ]);
    expect(asked.at(-1)).toEqual({ name: "alice", live: true, limit: 5 });
    await alice("GET", "/v1/jobs?live=0");
    expect(asked.at(-1)).toEqual({ name: "alice", live: false, limit: 50 });
    const shown = jobDetailsSchema.parse((await alice("GET", "/v1/jobs/job_1")).body);
    expect(shown).toMatchObject({ session_id: "s1", turn_id: "turn_1", input: { content: "hi" } });
  });

  it("are ended by name, and one that had ended stays", async () => {
    const requested = await alice("POST", "/v1/jobs/job_1/cancel", { reason: "enough" });
    expect([requested.status, jobCancelledSchema.parse(requested.body).status]).toEqual([202, "requested"]);
    expect(asked.at(-1)).toEqual({ name: "alice", id: "job_1", origin: "alice", reason: "enough" });
    const ended = await alice("POST", "/v1/jobs/job_2/cancel");
    expect([ended.status, ended.body.status]).toEqual([200, "ended"]);
  });

  it("of somebody else, and where no job protocol runs, are as if they never were", async () => {
    for (const ask of [handlerFor("bob"), handlerFor("alice", false)]) {
      expect((await ask("GET", "/v1/jobs")).body).toEqual({ jobs: [] });
      for (const answer of [
        await ask("GET", "/v1/jobs/job_1"),
        await ask("POST", "/v1/jobs/job_1/cancel", {}),
      ]) {
        expect([answer.status, answer.body.error]).toEqual([
          404,
          expect.objectContaining({ code: "job_unknown" }),
        ]);
      }
    }
  });

  it("refuse what is not asked for", async () => {
    expect((await alice("GET", "/v1/jobs?live=yes")).status).toBe(400);
    expect((await alice("GET", "/v1/jobs?limit=0")).status).toBe(400);
    expect((await alice("POST", "/v1/jobs/job_1/cancel", { why: "x" })).status).toBe(400);
  });
});
