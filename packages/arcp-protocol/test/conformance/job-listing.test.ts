import { describe, expect, test } from "vitest";
import {
  jobIdOf,
  openSession,
  type Session,
  sharedServer,
  startServer,
  stopServer,
} from "../support/conformance-server.ts";
import type { Frame } from "../support/raw-client.ts";

const { url } = await sharedServer();

describe("listing", () => {
  const list = async (session: Session, payload: unknown) => {
    const id = session.send("session.list_jobs", payload);
    return session.client.waitFor((frame) => frame.payload.request_id === id);
  };
  const ids = (frame: Frame) => (frame.payload.jobs as { job_id: string }[]).map(({ job_id }) => job_id);

  test("[6.6-1, 7.5-4, 9.8-8] the answer names its request and describes the job", async () => {
    const own = await startServer();
    const session = await openSession(own.url);
    const lease = { "tool.call": ["x"] };
    const job = jobIdOf(await session.submit({ agent: "echo@1.0.0", input: 1, lease_request: lease }));
    const end = await session.end(job);
    const answer = await list(session, {});
    expect(answer).toMatchObject({ type: "session.jobs", payload: { next_cursor: null } });
    expect(answer.payload.jobs).toEqual([
      {
        job_id: job,
        agent: "echo@1.0.0",
        status: "success",
        lease,
        parent_job_id: null,
        created_at: expect.stringMatching(/Z$/),
        trace_id: end.trace_id,
        last_event_seq: end.event_seq,
      },
    ]);
    await stopServer(own);
  });

  test("[6.6-2, 6.6-3, 6.6-4, 6.6-6] filters, pages and principals", async () => {
    const own = await startServer();
    const ada = await openSession(own.url);
    const jobs: string[] = [];
    for (let at = 0; at < 25; at++) {
      jobs.push(jobIdOf(await ada.submit({ agent: at % 5 === 0 ? "echo@1.0.0" : "echo", input: at })));
    }
    for (const job of jobs) await ada.end(job);
    const slow = jobIdOf(await ada.submit({ agent: "slow", input: { ms: 60_000 } }));
    const failed = jobIdOf(await ada.submit({ agent: "failer", input: { message: "m" } }));
    await ada.end(failed);

    expect(new Set(ids(await list(ada, {})))).toEqual(new Set([...jobs, slow, failed]));
    expect(ids(await list(ada, { filter: { status: ["running", "pending"] } }))).toEqual([slow]);
    expect(ids(await list(ada, { filter: { status: ["error", "running"] } })).sort()).toEqual(
      [slow, failed].sort(),
    );
    expect(ids(await list(ada, { filter: { status: [] } }))).toHaveLength(27);
    expect(ids(await list(ada, { filter: { agent: "echo@1.0.0" } }))).toHaveLength(5);
    expect(ids(await list(ada, { filter: { agent: "echo" } }))).toHaveLength(25);
    expect(ids(await list(ada, { filter: { agent: "ech" } }))).toEqual([]);

    const times = ((await list(ada, {})).payload.jobs as { created_at: string }[]).map(
      ({ created_at }) => created_at,
    );
    const [first, last] = [times[0] as string, times.at(-1) as string];
    const after = ids(await list(ada, { filter: { created_after: first } }));
    expect(after).toHaveLength(times.filter((time) => time > first).length);
    expect(ids(await list(ada, { filter: { created_before: last } }))).toHaveLength(
      times.filter((time) => time < last).length,
    );

    const paged: string[] = [];
    let cursor: unknown = null;
    do {
      const page: Frame = await list(ada, { limit: 10, cursor });
      expect(ids(page).length).toBeLessThanOrEqual(10);
      paged.push(...ids(page));
      cursor = page.payload.next_cursor;
      // A job that begins meanwhile shifts no page.
      await ada.submit({ agent: "echo", input: "between" });
    } while (cursor !== null && paged.length < 60);
    expect(new Set(paged).size).toBe(paged.length);
    for (const job of [...jobs, slow, failed]) expect(paged).toContain(job);

    const bob = await openSession(own.url, { token: "token-bob" });
    expect(ids(await list(bob, {}))).toEqual([]);
    expect(bob.numbered()).toEqual([]);
    // Another session of the same principal sees them, and is not subscribed by that.
    const sibling = await openSession(own.url);
    expect(ids(await list(sibling, { filter: { status: ["running"] } }))).toEqual([slow]);
    expect(sibling.numbered()).toEqual([]);
    await stopServer(own);
  });

  test.each([
    ["a limit of zero", { limit: 0 }],
    ["a negative limit", { limit: -1 }],
    ["a limit in words", { limit: "ten" }],
    ["an unknown status", { filter: { status: ["sleeping"] } }],
    ["a status that is no list", { filter: { status: "running" } }],
    ["a date in words", { filter: { created_after: "yesterday" } }],
    ["a date without zone", { filter: { created_before: "2026-01-01T00:00:00" } }],
    ["a made-up cursor", { cursor: "abc" }],
    ["a cursor that is no text", { cursor: 7 }],
  ])("[6.6-5] %s is INVALID_REQUEST", async (_, payload) => {
    const session = await openSession(url);
    expect((await list(session, payload)).payload).toMatchObject({ code: "INVALID_REQUEST" });
  });
});
