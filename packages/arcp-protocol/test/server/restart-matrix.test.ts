import { describe, expect, test } from "vitest";
import { conformanceAgents } from "../../src/conformance/agents.ts";
import type { Awaitable } from "../../src/persistence/awaitable.ts";
import type { JobLogEntry } from "../../src/persistence/event-store.ts";
import { memoryPersistence } from "../../src/persistence/memory-persistence.ts";
import type { ArcpPersistence } from "../../src/persistence/persistence.ts";
import type { AgentDefinition } from "../../src/server/agent.ts";
import { ArcpServer } from "../../src/server/arcp-server.ts";
import { StepJournal } from "../../src/server/step-journal.ts";
import { type Frame, isEnd, Watcher } from "../support/watcher.ts";

/** The same store, whose process dies after so many writes: nothing after that is stored or answered. */
function dyingAfter(
  writes: number,
  inner: ArcpPersistence,
): { persistence: ArcpPersistence; died: Promise<void> } {
  let left = writes;
  let tell = () => {};
  const died = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const write = <T>(doIt: () => Awaitable<T>): Awaitable<T> => {
    if (left > 0) {
      left -= 1;
      return doIt();
    }
    tell();
    return new Promise<T>(() => {});
  };
  return {
    died,
    persistence: {
      ...inner,
      jobs: { ...inner.jobs, create: (record, epoch) => write(() => inner.jobs.create(record, epoch)) },
      events: { ...inner.events, append: (batch) => write(() => inner.events.append(batch)) },
    },
  };
}

const serverOn = async (persistence: ArcpPersistence, agents: readonly AgentDefinition[]) => {
  const server = new ArcpServer({ agents, persistence, authenticate: () => ({ id: "ada" }) });
  await server.start();
  return server;
};

/** What a client sees of it, without what names this run or tells the time. */
function story(frames: readonly Frame[]): unknown[] {
  const names: string[] = [];
  const nameOf = (id: string) => {
    if (!names.includes(id)) names.push(id);
    return names.indexOf(id);
  };
  return (
    frames
      .filter(({ event_seq }) => event_seq !== undefined)
      // The gauge tells how much is left now; a restart may tell it again.
      .filter(({ payload }) => payload.body?.name !== "cost.budget.remaining")
      .map(({ type, job_id, payload: { ts: _ts, ...payload } }) => ({
        type,
        job: nameOf(job_id as string),
        payload: JSON.parse(
          JSON.stringify(payload).replace(/(res|job)_[0-9a-f]+/g, (_all, kind) => `${kind}_x`),
        ),
      }))
  );
}

async function run(agents: readonly AgentDefinition[], submit: object, dieAfter: number) {
  const inner = memoryPersistence();
  const { persistence, died } = dyingAfter(dieAfter, inner);
  const first = new Watcher(await serverOn(persistence, agents));
  const welcome = await first.hello();
  first.send("job.submit", submit, { session_id: welcome.session_id });
  const ended = first.until(isEnd).then(() => "ended" as const);
  if ((await Promise.race([ended, died.then(() => "died" as const)])) === "ended") {
    return { frames: first.frames, restarted: false };
  }
  const seen = first.frames.filter(({ event_seq }) => event_seq !== undefined);
  const second = new Watcher(await serverOn(inner, agents));
  await second.hello({
    session_id: welcome.session_id,
    resume_token: welcome.payload.resume_token,
    last_event_seq: seen.at(-1)?.event_seq ?? 0,
  });
  const jobs = await inner.jobs.list({ limit: 10 }, "all");
  if (jobs.jobs.length > 0 && !seen.some(isEnd)) await second.until(isEnd);
  return { frames: [...seen, ...second.frames], restarted: true, stored: jobs.jobs.length > 0 };
}

const lease = { "tool.call": ["work.*"], "cost.budget": ["USD:0.50"] };
const submissions: Record<string, { agent: string; input?: unknown; lease_request?: object }> = {
  echo: { agent: "echo", input: { a: [1] } },
  counter: { agent: "counter", input: { n: 5, delayMs: 1, startMs: 1 } },
  "chunker, text": { agent: "chunker", input: { chunks: 4, size: 3 } },
  "chunker, bytes": { agent: "chunker", input: { chunks: 3, size: 4, encoding: "base64" } },
  toolcaller: { agent: "toolcaller", input: { tools: ["work.a", "other", "work.b"] }, lease_request: lease },
  "toolcaller, fatal": {
    agent: "toolcaller",
    input: { tools: ["work.a", "no"], fatal: true },
    lease_request: lease,
  },
  spender: {
    agent: "spender",
    input: { costs: [0.1, -1, 0.3, 0.1, 0.2], unit: "USD" },
    lease_request: lease,
  },
  failer: { agent: "failer", input: { message: "no" } },
  "delegator, refused": { agent: "delegator", input: { agent: "echo" } },
};

describe("a process that dies after any of its writes is replaced", () => {
  test.each(Object.entries(submissions))(
    "J1 %s: its client sees what it sees without a death",
    async (_, submit) => {
      const agents = conformanceAgents();
      const whole = await run(agents, submit, Number.POSITIVE_INFINITY);
      const expected = story(whole.frames);
      let deaths = 0;
      for (let writes = 1; ; writes++) {
        const { frames, restarted, stored } = await run(agents, submit, writes);
        if (!restarted) break;
        if (!stored) continue;
        deaths += 1;
        expect(story(frames), `after ${writes} writes`).toEqual(expected);
        const seqs = frames.flatMap(({ event_seq }) => (event_seq === undefined ? [] : [event_seq]));
        expect(seqs, `after ${writes} writes`).toEqual(seqs.map((_, at) => at + 1));
      }
      expect(deaths).toBeGreaterThan(1);
    },
  );

  test("J1 D22 a delegated child is one child, and takes its budget once", async () => {
    const agents = conformanceAgents();
    const submit = {
      agent: "delegator",
      input: { agent: "echo", input: "hi", lease: { "cost.budget": ["USD:0.20"] }, waitMs: 5 },
      lease_request: { "agent.delegate": ["echo"], "cost.budget": ["USD:0.50"] },
    };
    let deaths = 0;
    for (let writes = 1; ; writes++) {
      const inner = memoryPersistence();
      const { persistence, died } = dyingAfter(writes, inner);
      const first = new Watcher(await serverOn(persistence, agents));
      const welcome = await first.hello();
      first.send("job.submit", submit, { session_id: welcome.session_id });
      const bothEnded = (watcher: Watcher, already: number) =>
        watcher.until(() => watcher.frames.filter(isEnd).length === 2 - already).then(() => "ended" as const);
      const how = await Promise.race([bothEnded(first, 0), died.then(() => "died" as const)]);
      if (how === "ended") break;
      deaths += 1;
      const { jobs: before } = await inner.jobs.list({ limit: 10 }, "all");
      const second = new Watcher(await serverOn(inner, agents));
      const seen = first.frames.filter(({ event_seq }) => event_seq !== undefined);
      await second.hello({
        session_id: welcome.session_id,
        resume_token: welcome.payload.resume_token,
        last_event_seq: seen.at(-1)?.event_seq ?? 0,
      });
      if (before.length === 0) continue;
      await bothEnded(second, seen.filter(isEnd).length);
      const { jobs } = await inner.jobs.list({ limit: 10 }, "all");
      expect(jobs.map(({ agent, state }) => [agent, state]).sort()).toEqual([
        ["delegator@1.0.0", "completed"],
        ["echo@2.0.0", "completed"],
      ]);
      // The child spent nothing, so that all of it came back.
      expect(jobs.find(({ agent }) => agent.startsWith("delegator"))?.budget).toEqual(["USD:0.5"]);
    }
    expect(deaths).toBeGreaterThan(4);
  });

  test("P12 a job that was cancelled and whose process died ends as cancelled", async () => {
    const agents = conformanceAgents();
    const inner = memoryPersistence();
    // The session's own writes are not counted: the job, its status, and that it was cancelled.
    const { persistence, died } = dyingAfter(3, inner);
    const first = new Watcher(await serverOn(persistence, agents));
    const welcome = await first.hello();
    first.send("job.submit", { agent: "slow", input: { ms: 60_000 } }, { session_id: welcome.session_id });
    const { job_id } = await first.until(({ payload }) => payload.body?.phase === "working");
    first.send("job.cancel", { reason: "enough" }, { session_id: welcome.session_id, job_id });
    await first.until(({ type }) => type === "job.cancelled");
    await died;
    const second = new Watcher(await serverOn(inner, agents));
    await second.hello({
      session_id: welcome.session_id,
      resume_token: welcome.payload.resume_token,
      last_event_seq: 1,
    });
    expect((await second.until(isEnd)).payload).toMatchObject({
      final_status: "cancelled",
      code: "CANCELLED",
    });
  });

  test("a tool that had begun is called again only if it says so", async () => {
    const called: string[] = [];
    const caller: AgentDefinition = {
      name: "caller",
      onRestart: "resume",
      versions: {
        "1": async (_input, job) => {
          const perform = (name: string) => () => {
            called.push(name);
            return name;
          };
          const again = await job.tool("again", {}, perform("again"), { onCrash: "retry" });
          const once = await job.tool("once", {}, perform("once"));
          return { again, once };
        },
      },
    };
    const submit = { agent: "caller", lease_request: { "tool.call": ["*"] } };
    // Writes: the job, c1 called, c1 answered, c2 called. The next one is lost.
    const inOnce = await run([caller], submit, 4);
    expect(inOnce.frames.find(isEnd)?.payload.result).toMatchObject({
      again: { ok: true },
      once: { ok: false, error: { code: "INTERNAL_ERROR", retryable: true } },
    });
    expect(called).toEqual(["again", "once"]);
    called.length = 0;
    const inAgain = await run([caller], submit, 2);
    expect(inAgain.frames.find(isEnd)?.payload.result).toMatchObject({
      again: { ok: true },
      once: { ok: true },
    });
    expect(called).toEqual(["again", "again", "once"]);
  });

  test("J3 an agent that does something else than before ends with an error and not with a guess", async () => {
    let starts = 0;
    const fickle: AgentDefinition = {
      name: "fickle",
      onRestart: "resume",
      versions: {
        "1": async (_input, job) => {
          await job.log("info", `start ${++starts}`);
          await job.log("info", "second");
        },
      },
    };
    const { frames } = await run([fickle], { agent: "fickle" }, 2);
    expect(frames.filter(isEnd).map(({ payload }) => payload)).toEqual([
      expect.objectContaining({ code: "INTERNAL_ERROR", message: expect.stringContaining("something else") }),
    ]);
  });
});

describe("StepJournal", () => {
  const entry = (source: string, at: string, body: object): JobLogEntry => ({
    jobId: "job_1",
    jobSeq: 1,
    sessionId: "s",
    type: "job.event",
    kind: "log",
    traceId: "t",
    ownerSeq: 1,
    source,
    payload: JSON.stringify({ kind: "log", ts: at, body }),
  });

  test("J4 waits go on where they were: neither shorter nor again", () => {
    const start = Date.parse("2026-01-01T00:00:00.000Z");
    const journal = new StepJournal(
      [entry("step:event:1", "2026-01-01T00:00:05.000Z", { level: "info", message: "a" })],
      start,
    );
    const now = start + 60_000;
    expect(journal.waitUntil(1000, now)).toBe(start + 1000);
    expect(journal.begin("log", { level: "info", message: "a" })).toBeUndefined();
    expect(journal.waitUntil(90_000, now)).toBe(start + 5000 + 90_000);
    expect(journal.begin("log", { level: "info", message: "b" })).toBe("step:event:2");
    expect(journal.waitUntil(10, now)).toBe(now + 10);
  });

  test("J2 calls are found by their ids, in whatever order they are made", () => {
    const call = (id: string) => entry(`step:tool_call:${id}`, "2026-01-01T00:00:00Z", { call_id: id });
    const journal = new StepJournal([call("c1"), call("c2")], 0);
    expect(journal.recorded("tool_call", "c2")).toBeDefined();
    expect(journal.recorded("tool_call", "c3")).toBeUndefined();
    expect(journal.recorded("tool_result", "c1")).toBeUndefined();
  });
});
