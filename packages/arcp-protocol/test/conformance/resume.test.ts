import { describe, expect, test, vi } from "vitest";
import { memoryPersistence } from "../../src/persistence/memory-persistence.ts";
import {
  hello,
  jobIdOf,
  openSession,
  type Session,
  sharedServer,
  startServer,
  stopServer,
} from "../support/conformance-server.ts";

const running = await sharedServer();
const { url } = running;

function resumeOf(session: Session, lastEventSeq: number) {
  return { session_id: session.sessionId, resume_token: session.resumeToken, last_event_seq: lastEventSeq };
}

function seqs(session: Session): number[] {
  return session.numbered().map(({ event_seq }) => event_seq as number);
}

function upTo(last: number, from = 1): number[] {
  return Array.from({ length: last - from + 1 }, (_, at) => from + at);
}

describe("resume", () => {
  test("[6.3-1] the token rotates and an old one is worth nothing", async () => {
    const first = await openSession(url);
    first.client.destroy();
    const second = await openSession(url, { resume: resumeOf(first, 0) });
    expect(second.sessionId).toBe(first.sessionId);
    expect(second.resumeToken).not.toBe(first.resumeToken);
    const third = await hello(url, { resume: resumeOf(first, 0) });
    expect((await third.type("session.error")).payload).toMatchObject({
      code: "RESUME_WINDOW_EXPIRED",
      retryable: false,
      request_id: "raw-1",
    });
    await third.untilEnded();
    await second.submit({ agent: "echo", input: "still there" });
  });

  test("[6.3-2, 6.3-8] what was missed is replayed as it was first sent, also after the end", async () => {
    const first = await openSession(url);
    const job = jobIdOf(await first.submit({ agent: "counter", input: { n: 20 } }));
    await first.end(job);
    first.client.destroy();
    const second = await openSession(url, { resume: resumeOf(first, 5) });
    await second.end(job);
    expect(seqs(second)).toEqual(upTo(21, 6));
    expect(second.numbered()).toEqual(first.numbered().slice(5));
  });

  test("[6.3-3] a job that runs through the drop is seen whole, without gap or repetition", async () => {
    const first = await openSession(url);
    const job = jobIdOf(await first.submit({ agent: "counter", input: { n: 60, delayMs: 5 } }));
    await first.client.until(() => seqs(first).length >= 10, "ten events");
    first.client.destroy();
    const seen = seqs(first).at(-1) as number;
    const second = await openSession(url, { resume: resumeOf(first, seen) });
    await second.end(job);
    expect([...seqs(first), ...seqs(second)]).toEqual(upTo(61));
  });

  test("[6.3-3] ten drops in a row lose and repeat nothing", async () => {
    let session = await openSession(url);
    const job = jobIdOf(await session.submit({ agent: "counter", input: { n: 150, delayMs: 2 } }));
    const seen: number[] = [];
    for (let drop = 0; drop < 10; drop++) {
      const now: Session = session;
      await now.client.until(() => seqs(now).length >= 3, "some events");
      now.client.destroy();
      seen.push(...seqs(now));
      session = await openSession(url, { resume: resumeOf(now, seen.at(-1) as number) });
    }
    await session.end(job);
    expect([...seen, ...seqs(session)]).toEqual(upTo(151));
  });

  test("[6.3-10] a client that has seen everything resumes to an empty replay", async () => {
    const first = await openSession(url);
    const job = jobIdOf(await first.submit({ agent: "echo", input: 1 }));
    const end = await first.end(job);
    first.client.destroy();
    const second = await openSession(url, { resume: resumeOf(first, end.event_seq as number) });
    second.send("session.ping", { nonce: "n" });
    await second.client.type("session.pong");
    expect(second.numbered()).toEqual([]);
    const next = await second.submit({ agent: "echo", input: 2 });
    expect((await second.end(jobIdOf(next))).event_seq).toBe((end.event_seq as number) + 3);
  });

  test.each([
    ["an unknown session", { session_id: "sess_none" }],
    ["a wrong token", { resume_token: "rt_m1_guess" }],
    ["a number that was never sent", { last_event_seq: 99 }],
  ])("[6.3-5] %s is RESUME_WINDOW_EXPIRED", async (_, wrong) => {
    const session = await openSession(url);
    const client = await hello(url, { resume: { ...resumeOf(session, 0), ...wrong } });
    expect((await client.type("session.error")).payload.code).toBe("RESUME_WINDOW_EXPIRED");
    await client.untilEnded();
  });

  test("[6.3-6] a stolen token is useless and its owner notices nothing", async () => {
    const owner = await openSession(url);
    const job = jobIdOf(await owner.submit({ agent: "counter", input: { n: 20, delayMs: 5 } }));
    const thief = await hello(url, { token: "token-bob", resume: resumeOf(owner, 0) });
    expect((await thief.type("session.error")).payload.code).toBe("RESUME_WINDOW_EXPIRED");
    await thief.untilEnded();
    expect((await owner.end(job)).type).toBe("job.result");
    expect(owner.client.ended).toBe(false);
    owner.client.destroy();
    const again = await openSession(url, { resume: resumeOf(owner, 0) });
    await again.end(job);
  });

  test("[6.3-7] a resume takes over from a connection that only seems to live", async () => {
    const halfOpen = await openSession(url);
    const job = jobIdOf(await halfOpen.submit({ agent: "counter", input: { n: 40, delayMs: 5 } }));
    await halfOpen.client.until(() => seqs(halfOpen).length >= 3, "three events");
    const seen = seqs(halfOpen).at(-1) as number;
    const second = await openSession(url, { resume: resumeOf(halfOpen, seen) });
    await halfOpen.client.untilEnded();
    expect(halfOpen.client.closeCode).toBe(4001);
    await second.end(job);
    expect(seqs(second)).toEqual(upTo(41, seen + 1));
    // The end of the old connection is not the end of the session.
    second.send("session.ping", { nonce: "n" });
    await second.client.type("session.pong");
  });

  test("[6.3-9] session.resume as the first message does the same", async () => {
    const first = await openSession(url);
    const job = jobIdOf(await first.submit({ agent: "echo", input: 1 }));
    await first.end(job);
    first.client.destroy();
    const { RawClient } = await import("../support/raw-client.ts");
    const client = await RawClient.open(url);
    client.send(
      "session.resume",
      {
        auth: { scheme: "bearer", token: "token-ada" },
        capabilities: { features: [] },
        resume_token: first.resumeToken,
        last_event_seq: 1,
      },
      { session_id: first.sessionId },
    );
    expect((await client.type("session.welcome")).session_id).toBe(first.sessionId);
    await client.type("job.result");
    expect(
      client.received.filter(({ event_seq }) => event_seq !== undefined).map((frame) => frame.event_seq),
    ).toEqual([2, 3]);
  });

  test("[6.3-11] the resumed session may cancel its jobs", async () => {
    const first = await openSession(url);
    const job = jobIdOf(await first.submit({ agent: "slow", input: { ms: 60_000 } }));
    first.client.destroy();
    const second = await openSession(url, { resume: resumeOf(first, 0) });
    second.send("job.cancel", {}, { job_id: job });
    await second.client.type("job.cancelled");
    expect((await second.end(job)).payload.code).toBe("CANCELLED");
  });

  test("[6.3-14] of many connections with one token one is welcomed", async () => {
    const session = await openSession(url);
    session.client.destroy();
    const clients = await Promise.all(upTo(8).map(() => hello(url, { resume: resumeOf(session, 0) })));
    await Promise.all(
      clients.map((client) =>
        client.waitFor(({ type }) => type === "session.welcome" || type === "session.error"),
      ),
    );
    const welcomed = clients.filter((client) =>
      client.received.some(({ type }) => type === "session.welcome"),
    );
    expect(welcomed).toHaveLength(1);
  });

  test("[6.3-13] after the window there is nothing to resume", async () => {
    const short = await startServer({ limits: { resumeWindowMs: 30 } });
    const session = await openSession(short.url);
    session.client.destroy();
    await vi.waitFor(() => expect(short.server.sessions).toBe(0), 10_000);
    const client = await hello(short.url, { resume: resumeOf(session, 0) });
    expect((await client.type("session.error")).payload.code).toBe("RESUME_WINDOW_EXPIRED");
    await stopServer(short);
  });

  test("[6.3-4, 6.5-1, 6.5-2] a limit evicts the oldest; what it covers is still replayed", async () => {
    const small = await startServer({
      persistence: memoryPersistence({ limits: { replay: { keepAcked: 5, maxEvents: 30, maxSize: 1e9 } } }),
    });
    const session = await openSession(small.url);
    const job = jobIdOf(await session.submit({ agent: "counter", input: { n: 99 } }));
    await session.end(job);
    session.client.destroy();
    const gone = await hello(small.url, { resume: resumeOf(session, 10) });
    expect((await gone.type("session.error")).payload.code).toBe("RESUME_WINDOW_EXPIRED");
    const kept = await openSession(small.url, { resume: resumeOf(session, 70) });
    await kept.end(job);
    expect(seqs(kept)).toEqual(upTo(100, 71));
    kept.send("session.ack", { last_processed_seq: 100 });
    kept.send("session.ping", { nonce: "n" });
    await kept.client.type("session.pong");
    kept.client.destroy();
    const early = await hello(small.url, {
      resume: { ...resumeOf(kept, 94), resume_token: kept.resumeToken },
    });
    expect((await early.type("session.error")).payload.code).toBe("RESUME_WINDOW_EXPIRED");
    const late = await openSession(small.url, { resume: resumeOf(kept, 95) });
    await late.end(job);
    expect(seqs(late)).toEqual(upTo(100, 96));
    await stopServer(small);
  });

  test("[6.5-3, 6.5-4] acknowledgements only rise, are advisory, and cannot name the future", async () => {
    const session = await openSession(url);
    const job = jobIdOf(await session.submit({ agent: "counter", input: { n: 10 } }));
    await session.end(job);
    session.send("session.ack", { last_processed_seq: 9 });
    session.send("session.ack", { last_processed_seq: 3 });
    const refusal = await session.refusal(session.send("session.ack", { last_processed_seq: 12 }));
    expect(refusal.payload.code).toBe("INVALID_REQUEST");
    session.client.destroy();
    const again = await openSession(url, { resume: resumeOf(session, 2) });
    await again.end(job);
    expect(seqs(again)).toEqual(upTo(11, 3));
  });

  test("[6.7-1, 6.7-2] session.close is answered, jobs run on, and the session can be resumed", async () => {
    const session = await openSession(url);
    const job = jobIdOf(await session.submit({ agent: "slow", input: { ms: 80 } }));
    await session.client.until(() => seqs(session).length === 1, "the first event");
    session.send("session.close", {});
    expect((await session.client.type("session.closed")).event_seq).toBeUndefined();
    await session.client.untilEnded();
    const again = await openSession(url, { resume: resumeOf(session, 1) });
    expect((await again.end(job)).payload.result).toEqual({ waited: 80 });
  });

  test("[6.7-3] session.bye closes without an answer", async () => {
    const session = await openSession(url);
    session.send("session.bye", { reason: "done" });
    await session.client.untilEnded();
    expect(session.client.closeCode).toBe(1000);
    expect(session.client.received.map(({ type }) => type)).toEqual(["session.welcome"]);
  });
});
