import { MAX_ATTACHMENT_BYTES } from "@pawl/core";
import { createHost, type Host } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { scriptedModel } from "@pawl/testing";
import { afterEach, describe, expect, it } from "vitest";
import { createHandler } from "../src/index.ts";

const hosts: Host[] = [];
afterEach(async () => {
  for (const host of hosts.splice(0)) await host.stop({ drainMs: 50 });
});

function setUp(script: readonly string[] = ["seen"]) {
  const model = scriptedModel(script);
  const host = createHost({ store: memoryStore(), model });
  hosts.push(host);
  const handle = createHandler(host, {
    authorize: (request) => ({ name: request.headers.get("x-who") ?? "alice" }),
    maxAttachmentBytes: 1_000,
  });
  const call = (method: string, path: string, init: RequestInit = {}) =>
    handle(new Request(`http://x${path}`, { method, ...init }));
  const send = (session: string, body: unknown) =>
    call("POST", `/v1/sessions/${session}/inputs`, {
      body: JSON.stringify(body),
      headers: { "content-type": "application/json" },
    });
  return { call, send, model };
}

const PNG = new Uint8Array([137, 80, 78, 71]);
const png = { body: PNG, headers: { "content-type": "image/png" } };

async function ended(call: ReturnType<typeof setUp>["call"], response: Response) {
  const { turn_id: id } = (await response.json()) as { turn_id: string };
  const result = await call("GET", `/v1/turns/${id}/result?wait_ms=5000`);
  return (await result.json()) as Record<string, unknown>;
}

describe("files over HTTP", () => {
  it("are uploaded, sent by reference, shown in the transcript and downloaded as they were", async () => {
    const { call, send, model } = setUp();
    const uploaded = await call("POST", "/v1/sessions/s1/attachments", png);
    expect(uploaded.status).toBe(201);
    const { ref, ...facts } = (await uploaded.json()) as { ref: string };
    expect(facts).toEqual({ media_type: "image/png", bytes: 4 });
    // Before anything refers to it, the session has no such file.
    expect((await call("GET", `/v1/sessions/s1/attachments/${ref}`)).status).toBe(404);

    const part = { type: "image", media_type: "image/png", ref, name: "a.png" };
    const accepted = await send("s1", { content: [{ type: "text", text: "look" }, part] });
    expect(await ended(call, accepted)).toMatchObject({ status: "completed" });
    expect(model.calls[0]?.messages[0]?.parts[1]).toMatchObject({ type: "image", ref, bytes: 4 });

    const shown = (await (await call("GET", "/v1/sessions/s1")).json()) as {
      transcript: { parts: object[] }[];
    };
    expect(shown.transcript[0]?.parts[1]).toEqual({ ...part, bytes: 4 });
    const file = await call("GET", `/v1/sessions/s1/attachments/${ref}`);
    expect(file.headers.get("content-type")).toBe("image/png");
    expect(file.headers.get("content-disposition")).toBe("attachment");
    expect(new Uint8Array(await file.arrayBuffer())).toEqual(PNG);
    // Nobody else has that session, or another that refers to it.
    const other = { headers: { "x-who": "bob" } };
    expect((await call("GET", `/v1/sessions/s1/attachments/${ref}`, other)).status).toBe(404);
  });

  it("may come within the input when they are small", async () => {
    const { call, send } = setUp();
    const part = { type: "file", media_type: "text/plain", data: btoa("hello") };
    expect(await ended(call, await send("s1", { content: [part] }))).toMatchObject({ status: "completed" });
  });

  it.each([
    ["too large", "POST", { ...png, body: new Uint8Array(1_001) }, 413, "body_too_large"],
    ["of no type", "POST", { body: PNG }, 415, "media_type_unsupported"],
    [
      "of a type that is none",
      "POST",
      { body: PNG, headers: { "content-type": "png" } },
      400,
      "attachment_invalid",
    ],
  ])("are refused when they are %s", async (_what, method, init, status, code) => {
    const { call } = setUp();
    const response = await call(method, "/v1/sessions/s1/attachments", init);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { code } });
  });

  it("that are not there, or say nothing, are refused with the input", async () => {
    const { send } = setUp();
    const ref = `sha256:${"0".repeat(64)}`;
    const unknown = await send("s1", { content: [{ type: "file", media_type: "text/plain", ref }] });
    expect([unknown.status, await unknown.json()]).toMatchObject([
      404,
      { error: { code: "attachment_unknown" } },
    ]);
    const empty = await send("s1", { content: [{ type: "file", media_type: "text/plain" }] });
    expect([empty.status, await empty.json()]).toMatchObject([400, { error: { code: "body_invalid" } }]);
    expect(MAX_ATTACHMENT_BYTES).toBe(64 * 1024 * 1024);
  });
});

describe("a structured answer over HTTP", () => {
  const schema = { type: "object", properties: { n: { type: "number" } }, required: ["n"] };

  it("is asked for by its JSON Schema, and stands in the result", async () => {
    const { call, send } = setUp(['{"n":"one"}', '{"n":1}']);
    const accepted = await send("s1", { content: "count", output_schema: schema });
    expect(await ended(call, accepted)).toMatchObject({ status: "completed", output: { n: 1 } });
  });

  it("is refused when the schema cannot be checked", async () => {
    const { send } = setUp();
    const response = await send("s1", { content: "count", output_schema: { type: "nothing" } });
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { error: { code: "schema_unsupported" } },
    ]);
  });
});
