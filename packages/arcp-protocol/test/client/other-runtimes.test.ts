import { describe, expect, test, vi } from "vitest";
import { memoryTransportPair } from "../../src/transports/memory.ts";
import type { Transport } from "../../src/transports/transport.ts";
import { eventsOf } from "../support/events-of.ts";
import { MemoryRuntime } from "../support/memory-runtime.ts";

/** What a client of ours says, as far as a runtime by hand looks at it. */
interface Said {
  readonly type: string;
  readonly trace_id: string;
  readonly payload: { readonly agent: string };
}

/** A runtime by hand: what other implementations say, word for word. */
function scriptedRuntime(answer: (message: Said, say: (type: string, rest: object) => void) => void) {
  const open = async (): Promise<Transport> => {
    const [client, runtime] = memoryTransportPair();
    let count = 0;
    const say = (type: string, rest: object) =>
      runtime.send(JSON.stringify({ arcp: "1.1", id: `s${++count}`, type, session_id: "sess_x", ...rest }));
    runtime.start({
      frame: (data) => {
        const message = JSON.parse(data as string) as Said;
        if (message.type === "session.hello") {
          say("session.welcome", {
            payload: {
              runtime: { name: "other", version: "1" },
              resume_token: "t",
              capabilities: {
                features: ["progress", "subscribe"],
                agents: ["plain", { name: "rich", versions: ["1"], default: "1" }],
              },
            },
          });
        } else {
          answer(message, say);
        }
      },
      drain: () => undefined,
      closed: () => undefined,
    });
    return client;
  };
  return open;
}

describe("other runtimes", () => {
  test("[6.7-4] one that knows session.bye only is still closed", async () => {
    const said: string[] = [];
    const open = scriptedRuntime((message, say) => {
      const { type } = message;
      said.push(type);
      if (type === "session.close") {
        say("session.error", {
          payload: { code: "INVALID_REQUEST", message: "no handler", retryable: false },
        });
      }
    });
    const client = await new MemoryRuntime().connect({ open });
    expect(client.agents.map(({ name }) => name)).toEqual(["plain", "rich"]);
    await client.close();
    await vi.waitFor(() => expect(said).toEqual(["session.close", "session.bye"]), 10_000);
  });

  test("`output` is read as the result, `dims` as dimensions, unknown codes and statuses are kept", async () => {
    const open = scriptedRuntime((message, say) => {
      const { type, trace_id, payload } = message;
      if (type !== "job.submit") return;
      const job_id = `job_${payload.agent}`;
      say("job.accepted", { trace_id, payload: { job_id, unknown: true } });
      const body = { name: "m", value: 1, dims: { a: "b" } };
      say("job.event", {
        job_id,
        event_seq: payload.agent === "plain" ? 1 : 3,
        payload: { kind: "metric", body },
      });
      if (payload.agent === "plain") say("job.result", { job_id, event_seq: 2, payload: { output: 42 } });
      else say("job.error", { job_id, event_seq: 4, payload: { code: "QUOTA", message: "" } });
    });
    const client = await new MemoryRuntime().connect({ open });
    const plain = await client.submit({ agent: "plain" });
    expect(await plain.done).toEqual({ status: "success", result: 42 });
    expect(await eventsOf(plain)).toMatchObject([{ kind: "metric", body: { dimensions: { a: "b" } } }]);
    const rich = await client.submit({ agent: "rich" });
    expect(await rich.done).toMatchObject({ status: "error", error: { wireCode: "QUOTA", code: "quota" } });
  });

  test("a refusal that names neither request nor trace is the oldest submission's", async () => {
    let seq = 0;
    const open = scriptedRuntime((message, say) => {
      if (message.type !== "job.submit") return;
      const payload = { final_status: "error", code: "AGENT_NOT_AVAILABLE", message: "no", retryable: false };
      say("job.error", { job_id: `job_${++seq}`, event_seq: seq, payload });
    });
    const client = await new MemoryRuntime().connect({ open });
    await expect(client.submit({ agent: "nobody" })).rejects.toMatchObject({
      wireCode: "AGENT_NOT_AVAILABLE",
    });
  });

  test("[8.4-6] a hole in a streamed result, a wrong size, a second stream are no result", async () => {
    const chunk = (result_id: string, chunk_seq: number, more: boolean) => ({
      kind: "result_chunk",
      body: { result_id, chunk_seq, data: "ab", encoding: "utf8", more },
    });
    const scripts: Record<string, object[]> = {
      hole: [chunk("r", 0, true), chunk("r", 2, false)],
      short: [chunk("r", 0, true)],
      size: [chunk("r", 0, false)],
      second: [chunk("r", 0, true), chunk("q", 1, false)],
      other: [chunk("q", 0, false)],
      good: [chunk("r", 0, true), chunk("r", 0, true), chunk("r", 1, false)],
    };
    let seq = 0;
    const open = scriptedRuntime((message, say) => {
      const { type, trace_id, payload } = message;
      if (type !== "job.submit") return;
      const job_id = `job_${payload.agent}`;
      say("job.accepted", { trace_id, payload: { job_id } });
      for (const event of scripts[payload.agent] ?? [])
        say("job.event", { job_id, event_seq: ++seq, payload: event });
      say("job.result", {
        job_id,
        event_seq: ++seq,
        payload: { final_status: "success", result_id: "r", result_size: payload.agent === "size" ? 3 : 4 },
      });
    });
    const client = await new MemoryRuntime().connect({ open });
    for (const agent of Object.keys(scripts)) {
      const job = await client.submit({ agent });
      if (agent === "good") expect(await job.done).toMatchObject({ result: "abab" });
      else await expect(job.done).rejects.toMatchObject({ code: "result_incomplete" });
    }
  });
});
