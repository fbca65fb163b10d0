import { PawlError } from "@pawl/core";
import { describe, expect, it, vi } from "vitest";
import { createHandler, type HandlerOptions } from "../src/index.ts";
import { createFakeHost, SESSION, TURN } from "./fake-host.ts";

const bearer = { authorization: "Bearer good" };
const authorize = (request: Request) =>
  request.headers.get("authorization") === "Bearer good" ? { name: "alice" } : null;

function setUp(options: Partial<HandlerOptions> = {}) {
  const fake = createFakeHost();
  const handle = createHandler(fake.host, { authorize, ...options });
  const call = async (method: string, path: string, init: RequestInit = {}) => {
    const response = await handle(
      new Request(`http://x${path}`, { method, ...init, headers: { ...bearer, ...init.headers } }),
    );
    return { response, status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    call("POST", path, {
      body: typeof body === "string" ? body : JSON.stringify(body),
      headers: { "content-type": "application/json", ...headers },
    });
  return { fake, handle, call, post };
}

const errorOf = (body: Record<string, unknown>) => body.error as { code: string; message: string };

describe("who may ask", () => {
  it("answers 401 with a sentence to a stranger, for a path that exists and for one that does not", async () => {
    const { call, fake } = setUp();
    for (const path of [`/v1/sessions/${SESSION}`, "/nowhere"]) {
      const { status, body, response } = await call("GET", path, {
        headers: { authorization: "Bearer bad" },
      });
      expect(status).toBe(401);
      expect(errorOf(body).code).toBe("unauthorized");
      expect(response.headers.get("www-authenticate")).toBe("Bearer");
    }
    expect(fake.sent).toEqual([]);
  });

  it("puts its security headers on answers and on errors", async () => {
    const { call } = setUp();
    for (const path of ["/v1/sessions", "/nowhere"]) {
      const { response } = await call("GET", path);
      expect(response.headers.get("x-content-type-options")).toBe("nosniff");
      expect(response.headers.get("cache-control")).toBe("no-store");
      expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
    }
  });
});

describe("routes", () => {
  it("knows its own paths only, below its base path", async () => {
    const { call } = setUp({ basePath: "/pawl/" });
    expect((await call("GET", "/pawl/v1/sessions")).status).toBe(200);
    for (const path of [
      "/v1/sessions",
      "/pawl",
      "/pawlv1/sessions",
      "/pawl/v1/sessions/",
      "/pawl/v1/turns/%zz",
    ]) {
      const { status, body } = await call("GET", path);
      expect([path, status, errorOf(body).code]).toEqual([path, 404, "route_unknown"]);
    }
  });

  it("names the methods of a path that exists for others", async () => {
    const { call } = setUp();
    const { status, body, response } = await call("DELETE", "/v1/sessions/s1/inputs");
    expect(status).toBe(405);
    expect(response.headers.get("allow")).toBe("POST");
    expect(errorOf(body).code).toBe("method_not_allowed");
  });
});

describe("sending an input", () => {
  it("answers 202 with the ids when the input is durable, and hands everything to the host", async () => {
    const { post, fake } = setUp();
    const body = {
      content: "Weather in Oslo?",
      delivery: "steer",
      idempotency_key: "k1",
      at: 12,
      agent: "a",
      model: "m/n",
      environment: { mcp: ["npx x"], keep_this_name: 1 },
    };
    const answered = await post("/v1/sessions/s%201/inputs", body);
    expect(answered.status).toBe(202);
    expect(answered.body).toEqual({
      session_id: "s 1",
      turn_id: TURN,
      input: { id: "in_1", delivery: "next", state: "queued", position: 1, turn_id: TURN, accepted_at: 5 },
    });
    const { idempotency_key: idempotencyKey, content, ...rest } = body;
    expect(fake.sent).toEqual([{ content, options: { idempotencyKey, ...rest } }]);
  });

  it("takes parts", async () => {
    const { post, fake } = setUp();
    const content = [
      { type: "text", text: "see" },
      { type: "structured", value: { a: [1, null] } },
    ];
    expect((await post("/v1/sessions/s1/inputs", { content })).status).toBe(202);
    expect(fake.sent[0]?.content).toEqual(content);
  });

  it.each([
    ["no content", {}, "body_invalid", 400],
    ["empty content", { content: "" }, "body_invalid", 400],
    ["no parts", { content: [] }, "body_invalid", 400],
    ["an unknown part", { content: [{ type: "video" }] }, "body_invalid", 400],
    ["a misspelt field", { content: "x", idempotencyKey: "k" }, "body_invalid", 400],
    ["a wrong delivery", { content: "x", delivery: "now" }, "body_invalid", 400],
    ["a wrong time", { content: "x", at: -1 }, "body_invalid", 400],
    ["a list", [], "body_invalid", 400],
    ["what is not JSON", "{nope", "body_invalid", 400],
    ["nothing", "", "body_invalid", 400],
    [
      "deep nesting",
      `{"content":"x","environment":${"[".repeat(90_000)}${"]".repeat(90_000)}}`,
      "body_invalid",
      400,
    ],
    ["a key of other content", { content: "x", idempotency_key: "taken" }, "store_conflict", 409],
  ])("refuses %s", async (_what, body, code, status) => {
    const { post, fake } = setUp();
    const answered = await post("/v1/sessions/s1/inputs", body);
    expect([answered.status, errorOf(answered.body).code]).toEqual([status, code]);
    expect(errorOf(answered.body).message.length).toBeGreaterThan(5);
    expect(errorOf(answered.body).message.length).toBeLessThan(1_200);
    if (code === "body_invalid") expect(fake.sent).toEqual([]);
  });

  it("refuses an id that cannot be one", async () => {
    const { post } = setUp();
    const { status, body } = await post(`/v1/sessions/${"x".repeat(300)}/inputs`, { content: "x" });
    expect([status, errorOf(body).code]).toEqual([400, "invalid_id"]);
  });

  it("refuses other media types, which pages of other sites can send", async () => {
    const { post } = setUp();
    const { status, body } = await post(
      "/v1/sessions/s1/inputs",
      { content: "x" },
      { "content-type": "text/plain" },
    );
    expect([status, errorOf(body).code]).toEqual([415, "media_type_unsupported"]);
  });

  it("stops reading a body that is too large, whether it says so or not", async () => {
    const { handle, post } = setUp({ maxBodyBytes: 1_000 });
    const declared = await post("/v1/sessions/s1/inputs", { content: "x" }, { "content-length": "1001" });
    expect([declared.status, errorOf(declared.body).code]).toEqual([413, "body_too_large"]);

    let chunks = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        chunks++;
        controller.enqueue(new Uint8Array(400).fill(32));
      },
    });
    const request = new Request("http://x/v1/sessions/s1/inputs", {
      method: "POST",
      headers: { ...bearer, "content-type": "application/json" },
      body: endless,
      duplex: "half",
    } as RequestInit);
    expect((await handle(request)).status).toBe(413);
    expect(chunks).toBeLessThan(6);
  });

  it("refuses bytes that are not UTF-8", async () => {
    const { call } = setUp();
    const { status, body } = await call("POST", "/v1/sessions/s1/inputs", {
      body: new Uint8Array([0x22, 0xff, 0x22]),
      headers: { "content-type": "application/json" },
    });
    expect([status, errorOf(body).code]).toEqual([400, "body_invalid"]);
  });

  it("lets its host refuse an input of a principal: 403 with the host's own code", async () => {
    const admit = vi.fn(() => {
      throw new PawlError("mcp_commands_forbidden", "Not here.");
    });
    const { post, fake } = setUp({ admit });
    const { status, body } = await post("/v1/sessions/s1/inputs", {
      content: "x",
      environment: { mcp: ["x"] },
    });
    expect([status, errorOf(body)]).toEqual([403, { code: "mcp_commands_forbidden", message: "Not here." }]);
    const sent = { sessionId: "s1", environment: { mcp: ["x"] } };
    expect(admit).toHaveBeenCalledWith(
      sent,
      { name: "alice" },
      expect.objectContaining({ turn: expect.anything() }),
    );
    expect(fake.sent).toEqual([]);
  });
});

describe("reading", () => {
  it("lists sessions, up to a limit", async () => {
    const { call } = setUp();
    expect((await call("GET", "/v1/sessions?limit=2")).body.sessions).toHaveLength(2);
    for (const query of ["limit=0", "limit=x", "limit=501", "limt=3"]) {
      const { status, body } = await call("GET", `/v1/sessions?${query}`);
      expect([query, status, errorOf(body).code]).toEqual([query, 400, "query_invalid"]);
    }
  });

  it("shows a session with its transcript, without what belongs to a provider", async () => {
    const { call } = setUp();
    const { body } = await call("GET", `/v1/sessions/${SESSION}`);
    expect(body).toMatchObject({
      session_id: "s1",
      message_count: 2,
      open_turn: null,
      runtime_state: "idle",
    });
    expect(body.transcript).toEqual([
      { id: "m1", role: "user", parts: [{ type: "text", text: "hi" }] },
      { id: "m2", role: "assistant", parts: [{ type: "text", text: "ho" }] },
    ]);
    const unknown = await call("GET", "/v1/sessions/other");
    expect([unknown.status, errorOf(unknown.body).code]).toEqual([404, "session_unknown"]);
  });

  it("says nothing of an error that is not meant for readers, and tells its host", async () => {
    const onError = vi.fn();
    const { call, fake } = setUp({ onError });
    fake.failWith = new Error("password=hunter2");
    const { status, body } = await call("GET", `/v1/turns/${TURN}`);
    expect([status, errorOf(body).code]).toEqual([500, "internal_error"]);
    expect(JSON.stringify(body)).not.toContain("hunter2");
    expect(onError).toHaveBeenCalledOnce();
  });

  it("tells an unreachable database from a mistake of the client", async () => {
    const { call, fake } = setUp();
    fake.failWith = new PawlError("store_unavailable", "The database does not answer.", {
      blame: "infrastructure",
    });
    const { status, body } = await call("GET", `/v1/turns/${TURN}`);
    expect([status, errorOf(body).code]).toEqual([503, "store_unavailable"]);
  });
});

describe("scopes", () => {
  it("lets a token do what it is for, and says which scope it has not", async () => {
    const fake = createFakeHost();
    const handle = createHandler(fake.host, {
      authorize: (request) => ({ name: "alice", scopes: request.headers.get("scopes")?.split(" ") ?? [] }),
    });
    const ask = async (scopes: string, method: string, path: string, body?: unknown) => {
      const headers = { scopes, "content-type": "application/json" };
      const request = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) };
      const response = await handle(new Request(`http://x${path}`, request));
      return [response.status, errorOf(await response.json())?.code];
    };
    const input = { content: "hi" };
    expect(await ask("read", "GET", "/v1/sessions")).toEqual([200, undefined]);
    expect(await ask("write approve", "GET", "/v1/sessions")).toEqual([403, "scope_missing"]);
    expect(await ask("write", "POST", "/v1/sessions/s1/inputs", input)).toEqual([202, undefined]);
    expect(await ask("read approve", "POST", "/v1/sessions/s1/inputs", input)).toEqual([
      403,
      "scope_missing",
    ]);
    expect(await ask("read write", "POST", "/v1/waits/x", { decision: "approve" })).toEqual([
      403,
      "scope_missing",
    ]);
    expect(await ask("approve", "POST", "/v1/waits/x", { decision: "approve" })).toEqual([
      404,
      "wait_unknown",
    ]);
    expect(await ask("", "GET", "/v1/turns/turn_1")).toEqual([403, "scope_missing"]);
  });
});

describe("limits", () => {
  it("say when to come again", async () => {
    const fake = createFakeHost();
    const slow = () => new PawlError("rate_limited", "Too many.", { details: { retryAfterMs: 1_200 } });
    const authorize = (): never => {
      throw slow();
    };
    const refused = await createHandler(fake.host, { authorize })(new Request("http://x/v1/sessions"));
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "2"]);
    const admitStream = (): never => {
      throw new PawlError("too_many_streams", "Too many.");
    };
    const handle = createHandler(fake.host, { authorize: () => ({ name: "alice" }), admitStream });
    expect((await handle(new Request("http://x/v1/sessions/s1/events"))).status).toBe(429);
  });
});
