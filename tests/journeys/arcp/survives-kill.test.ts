import { afterEach, describe, expect, it } from "vitest";
import { ArcpServers } from "./arcp-servers.ts";
import { type Frame, isEnd, RawClient } from "./raw-client.ts";
import { seqs, ticks, upTo } from "./stream.ts";

const servers = new ArcpServers();
afterEach(() => servers.clean());

describe("the server is killed in the midst of jobs", { timeout: 120_000 }, () => {
  it("D25 started again, the client resumes with its token: no gap, no repetition, and every job ends", async () => {
    const dir = await servers.folder();
    const first = await servers.start(dir);
    const before = await RawClient.hello(first.ws);
    const lease_request = {
      "tool.call": ["work.*"],
      "cost.budget": ["USD:1.00"],
      "agent.delegate": ["counter"],
    };
    const jobs = {
      counter: await before.submit({ agent: "counter", input: { n: 200, delayMs: 20 } }),
      slow: await before.submit({ agent: "slow", input: { ms: 3_000 } }),
      tools: await before.submit({
        agent: "toolcaller",
        input: {
          tools: Array.from({ length: 40 }, (_, at) => (at % 4 === 3 ? "other" : "work.a")),
          delayMs: 60,
        },
        lease_request,
      }),
      delegator: await before.submit({
        agent: "delegator",
        input: { agent: "counter", input: { n: 100, delayMs: 20 }, waitMs: 3_000 },
        lease_request,
      }),
      keyed: await before.submit({ agent: "echo", input: "once", idempotency_key: "k1" }),
    };
    const idOf = (frame: Frame) => frame.payload.job_id as string;
    await before.until(() => ticks(before.frames, idOf(jobs.counter)).length >= 20, "twenty ticks");
    expect(await first.process.kill("SIGKILL")).toBe("SIGKILL");
    await before.until(() => before.closed !== undefined).catch(() => undefined);

    const second = await servers.start(dir);
    const after = await RawClient.resume(second.ws, before.resume);
    const ends = await Promise.all(
      [jobs.counter, jobs.slow, jobs.tools, jobs.delegator].map((job) => after.end(idOf(job))),
    );
    await after.until(() => after.frames.filter(isEnd).length >= 5, "the end of the child too");
    const all = [...before.numbered, ...after.numbered];
    expect(seqs(all)).toEqual(upTo(all.length));
    expect(ends.map(({ payload }) => payload.final_status)).toEqual([
      "success",
      "success",
      "success",
      "success",
    ]);
    expect(ends.map(({ payload }) => payload.result)).toMatchObject([
      { count: 200 },
      { waited: 3_000 },
      { allowed: 30, denied: 10 },
      { delegated: true },
    ]);
    expect(ticks(all, idOf(jobs.counter))).toEqual(upTo(200));
    const called = all
      .filter(({ payload }) => payload.kind === "tool_call")
      .map(({ payload }) => payload.body.call_id);
    expect(new Set(called).size).toBe(called.length);
    // One child, whoever started it.
    const children = new Set(all.map(({ job_id }) => job_id)).size - Object.keys(jobs).length;
    expect(children).toBe(1);
    // The key still names its job, and other content is still a conflict.
    const again = await after.submit({ agent: "echo", input: "once", idempotency_key: "k1" });
    expect(again.payload).toEqual(jobs.keyed.payload);
    await expect(after.submit({ agent: "echo", input: "twice", idempotency_key: "k1" })).rejects.toThrow(
      "DUPLICATE_KEY",
    );
    // The token that was used is used up.
    const stolen = await RawClient.open(second.ws);
    stolen.sayHello({ resume: before.resume });
    const refusal = await stolen.find(({ type }) => type === "session.error");
    expect(refusal.payload.code).toBe("RESUME_WINDOW_EXPIRED");
  });

  it("P12 what was asked to stop stops, and nobody waits longer than before", async () => {
    const dir = await servers.folder();
    const first = await servers.start(dir);
    const before = await RawClient.hello(first.ws);
    const job = (await before.submit({ agent: "slow", input: { ms: 600_000 } })).payload.job_id as string;
    await before.find(({ payload }) => payload.kind === "status");
    before.send("job.cancel", { reason: "enough" }, { job_id: job });
    await before.find(({ type }) => type === "job.cancelled");
    await first.process.kill("SIGKILL");
    const second = await servers.start(dir);
    const after = await RawClient.resume(second.ws, before.resume);
    const end = before.frames.find(isEnd) ?? (await after.end(job));
    expect(end.payload).toMatchObject({ final_status: "cancelled", code: "CANCELLED" });
  });
});
