import { describe, expect, test, vi } from "vitest";
import type { AgentDefinition } from "../../src/server/agent.ts";
import { hello, jobIdOf, openSession, startServer, stopServer } from "../support/conformance-server.ts";
import { RawClient } from "../support/raw-client.ts";

const upTo = (last: number, from = 1) => Array.from({ length: last - from + 1 }, (_, at) => from + at);

/** Emits n events of about a kilobyte without ever waiting for anything but the runtime. */
const firehose: AgentDefinition = {
  name: "firehose",
  versions: {
    "1.0.0": async (input, context) => {
      const { n } = input as { n: number };
      for (let at = 1; at <= n; at++) await context.log("info", `${at} ${"x".repeat(1000)}`);
      return n;
    },
  },
};

describe("pressure", () => {
  test("[6.5-6] a reader that stops reading slows its agent down, and later gets everything", async () => {
    const running = await startServer({ moreAgents: [firehose] });
    const session = await openSession(running.url);
    const job = jobIdOf(await session.submit({ agent: "firehose", input: { n: 20_000 } }));
    await session.client.until(() => session.numbered().length > 0, "the first event");
    session.client.pause();
    const other = await openSession(running.url);
    const quick = jobIdOf(await other.submit({ agent: "echo", input: 1 }));
    await other.end(quick);
    session.client.resume();
    await session.end(job, 20_000);
    expect(session.numbered().map(({ event_seq }) => event_seq)).toEqual(upTo(20_001));
    await stopServer(running);
  }, 30_000);

  test("[6.5-6] one that stays away is dropped, and resumes within the window", async () => {
    const running = await startServer({
      moreAgents: [firehose],
      limits: { maxThrottleMs: 1500, heartbeatIntervalMs: 60_000 },
    });
    const session = await openSession(running.url);
    const job = jobIdOf(await session.submit({ agent: "firehose", input: { n: 20_000 } }));
    await session.client.until(() => session.numbered().length > 0, "the first event");
    session.client.pause();
    await vi.waitFor(() => expect(running.server.connections).toBe(0), 10_000);
    session.client.destroy();
    const seen = session.numbered().at(-1)?.event_seq as number;
    const again = await openSession(running.url, {
      resume: { session_id: session.sessionId, resume_token: session.resumeToken, last_event_seq: seen },
    });
    await again.end(job, 20_000);
    expect(again.numbered().map(({ event_seq }) => event_seq)).toEqual(upTo(20_001, seen + 1));
    await stopServer(running);
  }, 40_000);

  test("[14-4] a flood of pings that nobody reads back is slowed and disturbs nobody", async () => {
    const running = await startServer();
    const flooder = await openSession(running.url);
    flooder.client.pause();
    const nonce = "n".repeat(1000);
    for (let at = 0; at < 20_000; at++) flooder.send("session.ping", { nonce });
    const other = await openSession(running.url);
    await other.end(jobIdOf(await other.submit({ agent: "echo", input: 1 })));
    flooder.client.destroy();
    await vi.waitFor(() => expect(running.server.connections).toBe(1), 5000);
    await stopServer(running);
  }, 20_000);

  test("[14-4, 5-3] a flood of nonsense gets an answer each, and then a job still runs", async () => {
    const running = await startServer();
    const session = await openSession(running.url);
    for (let at = 0; at < 2000; at++) session.client.sendText(`{"nonsense":${at}`);
    await session.client.until(
      () => session.client.received.filter(({ type }) => type === "session.error").length === 2000,
      "two thousand refusals",
    );
    await session.end(jobIdOf(await session.submit({ agent: "echo", input: 1 })));
    await stopServer(running);
  });

  test("[14-1] sessions of one principal are capped, others are not concerned", async () => {
    const running = await startServer({ limits: { sessionsPerPrincipal: 3 } });
    await Promise.all([1, 2, 3].map(() => openSession(running.url)));
    const fourth = await hello(running.url);
    expect((await fourth.type("session.error")).payload).toMatchObject({
      code: "INTERNAL_ERROR",
      retryable: true,
    });
    await openSession(running.url, { token: "token-bob" });
    await stopServer(running);
  });

  test("[7.1-4] jobs of one session are capped with a refusal that says so", async () => {
    const running = await startServer({ limits: { jobsPerSession: 100 } });
    const session = await openSession(running.url);
    for (let at = 0; at < 100; at++) await session.submit({ agent: "slow", input: { ms: 60_000 } });
    const refusal = await session.submitRefused({ agent: "slow", input: { ms: 1 } });
    expect(refusal.payload).toMatchObject({ code: "INTERNAL_ERROR", retryable: true });
    await stopServer(running);
  });

  test("[6.1-4] who never says hello is let go", async () => {
    const running = await startServer({ limits: { helloTimeoutMs: 50 } });
    const silent = await RawClient.open(running.url);
    await silent.untilEnded();
    expect(silent.received[0]?.payload.code).toBe("UNAUTHENTICATED");
    const chatty = await RawClient.open(running.url);
    for (let at = 0; at < 20; at++) chatty.sendText("hello?");
    await chatty.untilEnded();
    expect(running.server.connections).toBe(0);
    await stopServer(running);
  });

  test("[14-4] a slow token check does not make a crowd of waiting frames", async () => {
    const running = await startServer({ authenticate: () => new Promise(() => undefined) });
    const client = await hello(running.url);
    for (let at = 0; at < 100; at++) client.send("session.ping", { nonce: "n" });
    await client.untilEnded();
    expect(client.received.at(-1)?.payload.code).toBe("INVALID_REQUEST");
    await stopServer(running);
  });
});
