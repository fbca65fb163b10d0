import { describe, expect, test } from "vitest";
import {
  jobIdOf,
  openSession,
  sharedServer,
  startServer,
  stopServer,
} from "../support/conformance-server.ts";

const { url } = await sharedServer();

describe("heartbeat", () => {
  test("[6.4-1, 6.4-5] a ping is answered with its nonce and no number", async () => {
    const session = await openSession(url);
    session.send("session.ping", { nonce: "p_1", sent_at: new Date().toISOString() });
    const pong = await session.client.type("session.pong");
    expect(pong.payload).toMatchObject({ ping_nonce: "p_1", received_at: expect.stringMatching(/Z$/) });
    expect(pong.event_seq).toBeUndefined();
  });

  test("[6.4-2, 6.4-3, 6.4-4] silence is asked about, then given up; the job and the session stay", async () => {
    const beating = await startServer({ limits: { heartbeatIntervalMs: 60 } });
    const session = await openSession(beating.url);
    expect(session.welcome.payload.heartbeat_interval_sec).toBe(0.06);
    const job = jobIdOf(await session.submit({ agent: "slow", input: { ms: 400 } }));
    const ping = await session.client.type("session.ping");
    expect(ping.payload.nonce).toBeTypeOf("string");
    await session.client.untilEnded();
    expect(session.client.received.at(-1)?.payload.code).toBe("HEARTBEAT_LOST");
    const again = await openSession(beating.url, {
      resume: { session_id: session.sessionId, resume_token: session.resumeToken, last_event_seq: 1 },
    });
    const pinger = setInterval(() => again.send("session.ping", { nonce: "n" }), 30);
    expect((await again.end(job)).type).toBe("job.result");
    clearInterval(pinger);
    await stopServer(beating);
  });

  test("[6.4-6] who has not negotiated heartbeats is left in peace", async () => {
    const beating = await startServer({ limits: { heartbeatIntervalMs: 20 } });
    const session = await openSession(beating.url, { features: [] });
    const job = jobIdOf(await session.submit({ agent: "slow", input: { ms: 150 } }));
    await session.end(job);
    expect(session.client.ended).toBe(false);
    expect(session.client.received.some(({ type }) => type === "session.ping")).toBe(false);
    await stopServer(beating);
  });
});
