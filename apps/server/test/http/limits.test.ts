// Floods, slow readers, revoked tokens under open streams, and what is counted; over real sockets.
import { connect } from "node:net";
import { createHost, type Host } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { scriptedModel } from "@pawl/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { scrubFacts, scrubText } from "../../src/log/scrub.ts";
import { type AppUnderTest, type AppUnderTestOptions, appUnderTest, TOKEN } from "./app-under-test.ts";

let host: Host;
const store = () => memoryStore();
let under: AppUnderTest;
let url: string;
let port: number;
let close = () => {};

beforeEach(() => {
  host = createHost({ store: store(), model: scriptedModel(Array.from({ length: 20 }, () => "hello back")) });
});
afterEach(async () => {
  close();
  await host.stop({ drainMs: 50 });
});

async function serve(options: AppUnderTestOptions = {}, slowClientMs?: number): Promise<void> {
  under = appUnderTest(host, options);
  const listening = await under.listen(slowClientMs === undefined ? {} : { slowClientMs });
  ({ url, port } = listening);
  close = () => listening.close();
}

const ask = (path: string, token: string, init: RequestInit = {}) =>
  fetch(`${url}${path}`, {
    ...init,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
  });
const send = (session: string, token: string, body: unknown = { content: "hi" }) =>
  ask(`/v1/sessions/${session}/inputs`, token, { method: "POST", body: JSON.stringify(body) });

async function refusal(response: Response) {
  const { error } = (await response.json()) as { error: { code: string } };
  return [response.status, error.code, Number(response.headers.get("retry-after")) > 0];
}

describe("limits of a principal", () => {
  it("slow a flood down, for that principal alone", async () => {
    await serve({ limits: { requestsPerMinute: 5 } });
    const [alice, bob] = [(await under.token("alice")).token, (await under.token("bob")).token];
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask("/v1/sessions", alice)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(5);
    const refused = answers.find(({ status }) => status === 429) as Response;
    expect(await refusal(refused)).toEqual([429, "rate_limited", true]);
    // Another token of the same principal is the same principal.
    expect((await ask("/v1/sessions", (await under.token("alice")).token)).status).toBe(429);
    expect((await ask("/v1/sessions", bob)).status).toBe(200);
    for (let i = 0; i < 10; i++) expect((await ask("/v1/sessions", TOKEN)).status).toBe(200);
  });

  it("bound its sessions, and let it go on in those that it has", async () => {
    await serve({ limits: { sessions: 2 } });
    const { token } = await under.token("alice");
    for (const name of ["a", "b"]) expect((await send(name, token)).status).toBe(202);
    expect(await refusal(await send("c", token))).toEqual([429, "too_many_sessions", true]);
    expect((await send("a", token)).status).toBe(202);
    expect((await send("c", TOKEN)).status).toBe(202);
    expect((await send("c", (await under.token("bob")).token)).status).toBe(202);
  });

  it("bound its open turns, those too that wait for their time", async () => {
    await serve({ limits: { openTurns: 2 } });
    const { token } = await under.token("alice");
    const later = { content: "later", at: 8_000_000_000_000 };
    for (const name of ["a", "b"]) expect((await send(name, token, later)).status).toBe(202);
    expect(await refusal(await send("c", token, later))).toEqual([429, "too_many_turns", true]);
  });

  it("bound its streams until one is closed", async () => {
    await serve({ limits: { streams: 1 } });
    const { token } = await under.token("alice");
    await send("s1", token);
    const abort = new AbortController();
    const first = await ask("/v1/sessions/s1/events", token, { signal: abort.signal });
    await first.body?.getReader().read();
    expect(await refusal(await ask("/v1/sessions/s1/events", token))).toEqual([
      429,
      "too_many_streams",
      true,
    ]);
    abort.abort();
    await vi.waitFor(
      async () => {
        const again = await ask("/v1/sessions/s1/events", token);
        await again.body?.cancel();
        expect(again.status).toBe(200);
      },
      { timeout: 10_000 },
    );
  });

  it("refuse bodies that are too large or too deep, and hear the end of neither", async () => {
    await serve();
    const { token } = await under.token("alice");
    const large = { content: "x".repeat(3 * 1024 * 1024) };
    expect(await refusal(await send("s1", token, large))).toEqual([413, "body_too_large", false]);
    const deep = `{"content":"x","environment":${"[".repeat(5_000)}${"]".repeat(5_000)}}`;
    const response = await ask("/v1/sessions/s1/inputs", token, { method: "POST", body: deep });
    expect(await refusal(response)).toEqual([400, "body_invalid", false]);
  });
});

describe("an open stream", () => {
  it("ends when its token is revoked, and the same token opens none", async () => {
    const tokens = memoryStore();
    await serve({ store: tokens });
    const { token, tokenId } = await under.token("alice");
    await send("s1", token);
    const stream = await ask("/v1/sessions/s1/events", token);
    const ended = stream.text();
    await tokens.tokens.revoke(tokenId);
    // What was sent until then came whole, and a client may go on after it with a token that is valid.
    expect(await ended).toMatch(/^: open\n\n/);
    expect((await ask("/v1/sessions/s1/events", token)).status).toBe(401);
  });

  it("is cut off when its reader takes nothing", async () => {
    const endless = {
      ...host,
      as: (owner: Parameters<Host["as"]>[0]) => {
        const view = host.as(owner);
        return { ...view, session: (id: string) => ({ ...view.session(id), events: () => flood(taken) }) };
      },
    } as Host;
    const taken = { events: 0, open: 0 };
    under = appUnderTest(endless);
    const { token } = await under.token("alice");
    const listening = await under.listen({ slowClientMs: 200 });
    close = () => listening.close();
    ({ url, port } = listening);
    await send("s1", token);
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.pause();
    socket.write(`GET /v1/sessions/s1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\n\r\n`);
    await vi.waitFor(() => expect(taken.open).toBe(1), { timeout: 10_000 });
    await vi.waitFor(() => expect(taken.open).toBe(0), { timeout: 20_000 });
    socket.destroy();
  }, 30_000);
});

/** Large events without end, for as long as they are taken. */
async function* flood(taken: { events: number; open: number }) {
  taken.open++;
  try {
    for (let seq = 1; ; seq++) {
      taken.events++;
      yield {
        id: `${seq}.0`,
        seq,
        turnId: "turn_1",
        at: 1,
        type: "text.delta",
        effectId: "e",
        attempt: 0,
        text: "x".repeat(100_000),
      };
      await new Promise(setImmediate);
    }
  } finally {
    taken.open--;
  }
}

describe("figures", () => {
  it("are Prometheus text about requests, queue and sessions, for the operator", async () => {
    await serve();
    const { token } = await under.token("alice");
    await send("s1", token);
    await ask("/v1/sessions/s1", token);
    await ask("/v1/sessions/never", token);
    const response = await ask("/metrics", TOKEN);
    expect(response.headers.get("content-type")).toMatch(/^text\/plain; version=0.0.4/);
    const text = await response.text();
    expect(text).toMatch(/^pawl_sessions 1$/m);
    expect(text).toMatch(/^pawl_store_up 1$/m);
    expect(text).toMatch(/^pawl_queue_depth \d+$/m);
    expect(text).toMatch(
      /pawl_http_request_duration_seconds_count\{method="GET",route="\/v1\/sessions\/:session",status="404"\} 1/,
    );
    // Names are no labels: each would be a line for ever.
    expect(text).not.toMatch(/never|alice|s1/);
  });
});

describe("pages of other sites", () => {
  const preflight = (origin: string) =>
    fetch(`${url}/v1/sessions`, {
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-method": "GET",
        "access-control-request-headers": "authorization",
      },
    });

  it("may not use the API", async () => {
    await serve();
    const response = await preflight("https://app.example");
    expect(response.headers.get("access-control-allow-origin")).toBe(null);
  });

  it("may when their origin is named, and others still may not", async () => {
    await serve({ corsOrigins: ["https://app.example"] });
    const response = await preflight("https://app.example");
    expect(response.headers.get("access-control-allow-origin")).toBe("https://app.example");
    expect(response.headers.get("access-control-allow-credentials")).toBe(null);
    expect((await preflight("https://evil.example")).headers.get("access-control-allow-origin")).toBe(null);
  });
});

describe("a request", () => {
  it("is logged with its id, the names in its path, its principal and trace, and nothing that lets anybody in", async () => {
    await serve();
    const { token } = await under.token("alice");
    const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    const response = await fetch(`${url}/v1/sessions/trip/turns?limit=${token}`, {
      headers: {
        authorization: `Bearer ${token}`,
        "x-request-id": "request-of-mine",
        traceparent: `00-${trace}-00f067aa0ba902b7-01`,
      },
    });
    expect(response.headers.get("x-request-id")).toBe("request-of-mine");
    await fetch(`${url}/a/some-secret-key-of-a-link`);
    const lines = JSON.stringify(under.logger.lines);
    expect(lines).toContain("request-of-mine");
    expect(lines).toContain('"sessionId":"trip"');
    expect(lines).toContain('"principal":"alice"');
    expect(lines).toContain(trace);
    expect(lines).not.toContain(token);
    expect(lines).not.toContain("some-secret-key");
    const odd = await fetch(`${url}/healthz`, { headers: { "x-request-id": "a b" } });
    expect(odd.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  });
});

it("what looks like a way in is taken out of logs, wherever it stands", () => {
  const token = `pawl_${"A1-_".repeat(11)}`;
  expect(scrubText(`it was ${token}, Bearer abc.def and postgres://u:pw@h/db`)).toBe(
    "it was (hidden), Bearer (hidden) and postgres://u:(hidden)@h/db",
  );
  expect(scrubText("see https://x.io/a/k1.abcdefgh.sig")).toBe("see https://x.io/a/(hidden)");
  const facts = {
    deep: [{ authToken: "t", apiKey: "k", tokens: 5, inputTokens: 7, note: token }],
    error: new Error(token),
  };
  const shown = JSON.stringify(scrubFacts(facts));
  expect(shown).not.toContain(token);
  expect(JSON.parse(shown).deep[0]).toEqual({
    authToken: "(hidden)",
    apiKey: "(hidden)",
    tokens: 5,
    inputTokens: 7,
    note: "(hidden)",
  });
});
