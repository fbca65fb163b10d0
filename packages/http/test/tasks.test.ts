import { backgroundTask, createHost, externalTask } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { scriptedModel } from "@pawl/testing";
import { afterAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { createHandler, taskSchema, tasksSchema } from "../src/index.ts";

const greet = backgroundTask({
  name: "greet",
  input: z.object({ whom: z.string() }),
  signals: { go: z.object({ by: z.string() }) },
  async run({ whom }, { signals }) {
    const { by } = await signals.next("go");
    return `${by} greets ${whom}`;
  },
});
const host = createHost({ store: memoryStore(), model: scriptedModel([]), tasks: [greet], pollMs: 20 });
const handle = createHandler(host, { authorize: () => ({ name: "ana", operator: true }) });
afterAll(() => host.stop({ drainMs: 50 }));

async function call(method: string, path: string, body?: unknown) {
  const headers = { "content-type": "application/json" };
  const init = body === undefined ? {} : { body: JSON.stringify(body) };
  const response = await handle(new Request(`http://x${path}`, { method, headers, ...init }));
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}
const codeOf = ({ error }: Record<string, unknown>) => (error as { code: string }).code;

describe("background tasks over HTTP", () => {
  it("are started by name, listed, signalled and awaited", async () => {
    const start = { name: "greet", input: { whom: "Oslo" }, session: "s1", idempotency_key: "k" };
    const started = await call("POST", "/v1/tasks", start);
    expect(started.status).toBe(202);
    const { task_id: id } = taskSchema.parse(started.body);
    expect((await call("POST", "/v1/tasks", start)).body.task_id).toBe(id);
    expect(tasksSchema.parse((await call("GET", "/v1/tasks")).body).tasks).toMatchObject([{ task_id: id }]);
    expect((await call("GET", "/v1/tasks?session=s2")).body).toEqual({ tasks: [] });
    expect((await call("GET", `/v1/tasks/${id}/result`)).status).toBe(202);
    const wrong = await call("POST", `/v1/tasks/${id}/signals`, { name: "go", payload: 5 });
    expect([wrong.status, codeOf(wrong.body)]).toEqual([422, "process_signal_invalid"]);
    const signal = { name: "go", payload: { by: "bo" } };
    expect((await call("POST", `/v1/tasks/${id}/signals`, signal)).body).toEqual({
      task_id: id,
      name: "go",
      ordinal: 1,
    });
    const ended = await call("GET", `/v1/tasks/${id}/result?wait_ms=20000`);
    expect([ended.status, ended.body]).toEqual([200, { status: "completed", output: "bo greets Oslo" }]);
    expect((await call("GET", "/v1/tasks")).body).toEqual({ tasks: [] });
    expect(tasksSchema.parse((await call("GET", "/v1/tasks?all=1")).body).tasks).toHaveLength(1);
    const late = await call("POST", `/v1/tasks/${id}/cancel`, {});
    expect([late.status, codeOf(late.body)]).toEqual([409, "process_ended"]);
  });

  it("that run elsewhere are reported on, moved and cancelled", async () => {
    const build = externalTask({ name: "build", input: z.object({}) });
    const { id } = await host.tasks.start(build, {}, { session: "s1" });
    const told = await call("POST", `/v1/tasks/${id}/report`, { progress: 0.5 });
    expect(taskSchema.parse(told.body)).toMatchObject({ progress: 0.5 });
    const moved = await call("POST", "/v1/tasks/transfer", { from: "s1", to: "s2", task_ids: [id] });
    expect(moved.body).toEqual({ moved: [id] });
    const asked = await call("POST", `/v1/tasks/${id}/cancel`, { reason: "enough" });
    expect([asked.status, asked.body.cancel]).toMatchObject([202, { origin: "ana", reason: "enough" }]);
    const ended = await call("POST", `/v1/tasks/${id}/report`, { status: "abandoned", note: "gone" });
    expect(ended.body.result).toEqual({
      status: "abandoned",
      evidence: { type: "reported", by: "ana", note: "gone" },
    });
  });

  it.each([
    ["GET", "/v1/tasks/ghost", undefined, 404, "process_unknown"],
    ["POST", "/v1/tasks", { name: "ghost", input: {} }, 404, "task_unknown"],
    ["POST", "/v1/tasks", { name: "greet", input: { whom: 5 } }, 422, "process_input_invalid"],
    ["POST", "/v1/tasks", { input: {} }, 400, "body_invalid"],
    ["POST", "/v1/tasks/ghost/report", { status: "done" }, 400, "body_invalid"],
    ["GET", "/v1/tasks?every=1", undefined, 400, "query_invalid"],
  ])("answer %s %s %j with a code", async (method, path, body, status, code) => {
    const answer = await call(method, path, body);
    expect([answer.status, codeOf(answer.body)]).toEqual([status, code]);
  });
});
