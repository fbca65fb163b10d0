import { describe, expect, test, vi } from "vitest";
import { memoryPersistence } from "../../src/persistence/memory-persistence.ts";
import type { ArcpPersistence } from "../../src/persistence/persistence.ts";
import type { AgentDefinition } from "../../src/server/agent.ts";
import { hello, jobIdOf, openSession, startServer, stopServer } from "../support/conformance-server.ts";

/** Counts to n through any number of restarts: the cursor of its last stored event is handed back to it. */
const steady: AgentDefinition = {
  name: "steady",
  onRestart: "rerun",
  versions: {
    "1.0.0": async (input, context) => {
      const { n } = input as { n: number };
      for (let at = Number(context.recovered?.source ?? 0) + 1; at <= n; at++) {
        await context.emit("progress", { current: at, total: n }, { source: String(at) });
        await context.metric({ name: "cost.step", value: 0.1, unit: "USD" });
        await context.sleep(3);
      }
      return { count: n, budget: context.budget ?? null };
    },
  },
};

/** A store that answers later, as a database would. */
function slowly(inner: ArcpPersistence): ArcpPersistence {
  const later = <T extends object>(port: T): T =>
    new Proxy(port, {
      get: (target, name) => {
        const method = Reflect.get(target, name) as unknown;
        if (typeof method !== "function") return method;
        return async (...args: unknown[]) => {
          await new Promise((resolve) => setImmediate(resolve));
          return await (method as (...args: unknown[]) => unknown).apply(target, args);
        };
      },
    });
  return {
    incarnation: inner.incarnation,
    sessions: later(inner.sessions),
    jobs: later(inner.jobs),
    events: later(inner.events),
    credentials: later(inner.credentials),
  };
}

const upTo = (last: number, from = 1) => Array.from({ length: last - from + 1 }, (_, at) => from + at);

describe("after the runtime's process was replaced", () => {
  test("[6.3-12, 6.3-11] the client resumes its session, the job goes on, nothing is lost or doubled", async () => {
    const persistence = memoryPersistence();
    const first = await startServer({ persistence, moreAgents: [steady] });
    const before = await openSession(first.url);
    const accepted = await before.submit({
      agent: "steady",
      input: { n: 40 },
      lease_request: { "cost.budget": ["USD:10"] },
    });
    const job = jobIdOf(accepted);
    await before.client.until(() => before.events(job, "progress").length >= 8, "eight ticks");
    await stopServer(first);
    const seen = before.numbered().map(({ event_seq }) => event_seq as number);

    const second = await startServer({ persistence, moreAgents: [steady] });
    const after = await openSession(second.url, {
      resume: {
        session_id: before.sessionId,
        resume_token: before.resumeToken,
        last_event_seq: seen.at(-1) as number,
      },
    });
    const end = await after.end(job);
    const rest = after.numbered().map(({ event_seq }) => event_seq as number);
    expect([...seen, ...rest]).toEqual(upTo(end.event_seq as number));
    const ticks = [...before.events(job, "progress"), ...after.events(job, "progress")];
    expect(ticks.map(({ payload }) => (payload.body as { current: number }).current)).toEqual(upTo(40));
    const { budget } = end.payload.result as { budget: { USD: number } };
    // A step whose cost was reported but whose cursor was not yet stored is the only one that may count less.
    expect(budget.USD).toBeCloseTo(10 - 40 * 0.1, 0);
    await stopServer(second);
  });

  test("[6.3-12] without a client the job ends too, and the end is there for whoever comes back", async () => {
    const persistence = memoryPersistence();
    const first = await startServer({ persistence, moreAgents: [steady] });
    const before = await openSession(first.url);
    const job = jobIdOf(await before.submit({ agent: "steady", input: { n: 10 } }));
    await before.client.until(() => before.events(job).length >= 2, "two events");
    await stopServer(first);
    const second = await startServer({ persistence, moreAgents: [steady] });
    await vi.waitFor(async () => expect((await persistence.jobs.get(job))?.state).toBe("completed"), 10_000);
    const after = await openSession(second.url, {
      resume: { session_id: before.sessionId, resume_token: before.resumeToken, last_event_seq: 0 },
    });
    expect((await after.end(job)).payload.result).toMatchObject({ count: 10 });
    await stopServer(second);
  });

  test("[6.3-12] an agent that cannot go on ends honestly", async () => {
    const persistence = memoryPersistence();
    const forgetful: AgentDefinition = {
      name: "forgetful",
      versions: { "1.0.0": (_input, context) => context.sleep(60_000) },
    };
    const first = await startServer({ persistence, moreAgents: [forgetful] });
    const before = await openSession(first.url);
    const job = jobIdOf(await before.submit({ agent: "forgetful" }));
    await stopServer(first);
    const second = await startServer({ persistence, moreAgents: [forgetful] });
    const after = await openSession(second.url, {
      resume: { session_id: before.sessionId, resume_token: before.resumeToken, last_event_seq: 0 },
    });
    expect((await after.end(job)).payload).toMatchObject({
      final_status: "error",
      code: "INTERNAL_ERROR",
      retryable: true,
    });
    await stopServer(second);
  });

  test("[7.2-6] idempotency keys are still known", async () => {
    const persistence = memoryPersistence();
    const payload = { agent: "echo", input: "once", idempotency_key: "k" };
    const first = await startServer({ persistence });
    const before = await openSession(first.url);
    const accepted = await before.submit(payload);
    await before.end(jobIdOf(accepted));
    await stopServer(first);
    const second = await startServer({ persistence });
    const after = await openSession(second.url);
    const repeated = await after.submit(payload);
    expect(repeated.payload).toEqual(accepted.payload);
    expect((await after.end(jobIdOf(repeated))).payload.result).toEqual({ echo: "once", version: "2.0.0" });
    const conflict = await after.submitRefused({ ...payload, input: "twice" });
    expect(conflict.payload.code).toBe("DUPLICATE_KEY");
    await stopServer(second);
  });

  test("[6.3-5] a token of another incarnation of the log is refused", async () => {
    const persistence = memoryPersistence({ incarnation: "old" });
    const first = await startServer({ persistence });
    const before = await openSession(first.url);
    await stopServer(first);
    const second = await startServer({
      persistence: { ...persistence, incarnation: "restored" } as ArcpPersistence,
    });
    const client = await hello(second.url, {
      resume: { session_id: before.sessionId, resume_token: before.resumeToken, last_event_seq: 0 },
    });
    expect((await client.type("session.error")).payload.code).toBe("RESUME_WINDOW_EXPIRED");
    await stopServer(second);
  });

  test("[6.3-12, 6.3-7] two runtimes on one store: who claims the session fences the other", async () => {
    const persistence = memoryPersistence();
    const first = await startServer({ persistence, moreAgents: [steady] });
    const before = await openSession(first.url);
    const job = jobIdOf(await before.submit({ agent: "steady", input: { n: 60 } }));
    await before.client.until(() => before.events(job, "progress").length >= 5, "five ticks");
    const seen = before.numbered().at(-1)?.event_seq as number;
    const second = await startServer({
      moreAgents: [steady],
      persistence: {
        ...persistence,
        jobs: {
          ...persistence.jobs,
          unfinished: (id) => (id === undefined ? [] : persistence.jobs.unfinished(id)),
        },
      } as ArcpPersistence,
    });
    const after = await openSession(second.url, {
      resume: { session_id: before.sessionId, resume_token: before.resumeToken, last_event_seq: seen },
    });
    await before.client.untilEnded();
    await after.end(job);
    expect(after.numbered().map(({ event_seq }) => event_seq)).toEqual(
      upTo(after.numbered().at(-1)?.event_seq as number, seen + 1),
    );
    const ticks = new Map<number, number>();
    for (const entry of await persistence.events.readJobLog(job, 0, 1000)) {
      const { kind, body } = JSON.parse(entry.payload) as { kind: string; body: { current: number } };
      if (kind === "progress") ticks.set(body.current, (ticks.get(body.current) ?? 0) + 1);
    }
    expect([...ticks.keys()]).toEqual(upTo(60));
    expect(new Set(ticks.values())).toEqual(new Set([1]));
    expect(first.audit).toContainEqual(
      expect.objectContaining({ type: "session_fenced", sessionId: before.sessionId }),
    );
    await stopServer(first);
    await stopServer(second);
  });

  test("[14-3] nothing that is stored contains a resume token", async () => {
    const persistence = memoryPersistence();
    const running = await startServer({ persistence });
    const session = await openSession(running.url);
    const stored = JSON.stringify(await persistence.sessions.get(session.sessionId));
    expect(stored).toContain("tokenHash");
    expect(stored).not.toContain(session.resumeToken);
    expect(stored).not.toContain(session.resumeToken.slice(-32));
    await stopServer(running);
  });
});

describe("with a store that answers later", () => {
  test("[8.3-1, 6.3-3, 7.6-4] numbers stay gap-free over jobs, drops and watchers", async () => {
    const running = await startServer({ persistence: slowly(memoryPersistence()) });
    const owner = await openSession(running.url);
    const jobs = await Promise.all(
      upTo(32).map(() => owner.submit({ agent: "counter", input: { n: 20, delayMs: 1 } })),
    );
    const watched = jobIdOf(jobs[0] as (typeof jobs)[0]);
    const watcher = await openSession(running.url);
    watcher.send("job.subscribe", { job_id: watched, history: true });
    await owner.client.until(() => owner.numbered().length > 100, "a hundred events");
    owner.client.destroy();
    const seen = owner.numbered().map(({ event_seq }) => event_seq as number);
    const again = await openSession(running.url, {
      resume: {
        session_id: owner.sessionId,
        resume_token: owner.resumeToken,
        last_event_seq: seen.at(-1) as number,
      },
    });
    const ended = new Set(
      owner
        .numbered()
        .filter(({ type }) => type === "job.result")
        .map(({ job_id }) => job_id),
    );
    for (const job of jobs) if (!ended.has(jobIdOf(job))) await again.end(jobIdOf(job));
    expect([...seen, ...again.numbered().map(({ event_seq }) => event_seq)]).toEqual(upTo(32 * 21));
    await watcher.end(watched);
    expect(watcher.numbered().map(({ event_seq }) => event_seq)).toEqual(upTo(21));
    await stopServer(running);
  });

  test("[7.2-3] a race under one key has one winner", async () => {
    const running = await startServer({ persistence: slowly(memoryPersistence()) });
    const sessions = await Promise.all(upTo(4).map(() => openSession(running.url)));
    const payload = { agent: "echo", input: "race", idempotency_key: "k" };
    const accepted = await Promise.all(
      sessions.flatMap((session) => [session.submit(payload), session.submit(payload)]),
    );
    expect(new Set(accepted.map(jobIdOf)).size).toBe(1);
    for (const session of sessions) await session.end(jobIdOf(accepted[0] as (typeof accepted)[0]));
    await stopServer(running);
  });
});
