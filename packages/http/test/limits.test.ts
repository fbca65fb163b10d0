// Bounds of a turn over HTTP: they only tighten those of its agent.
import { agent, DEFAULT_LIMITS } from "@pawl/core";
import { createHost } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { scriptedModel } from "@pawl/testing";
import { afterAll, describe, expect, it } from "vitest";
import { createHandler } from "../src/index.ts";

const host = createHost({
  store: memoryStore(),
  model: scriptedModel(["a", "b"]),
  agents: [agent({ name: "careful", limits: { maxTokens: 1_000, maxIterations: 4 } })],
});
const handle = createHandler(host, { authorize: () => ({ name: "alice" }) });
afterAll(() => host.stop({ drainMs: 50 }));

async function send(limits: unknown) {
  const body = JSON.stringify({ content: "hi", limits });
  const headers = { "content-type": "application/json" };
  const url = "http://x/v1/sessions/s1/inputs";
  const response = await handle(new Request(url, { method: "POST", headers, body }));
  return {
    status: response.status,
    body: (await response.json()) as { turn_id: string; error?: { code: string } },
  };
}

describe("limits of an input", () => {
  it("tighten what its agent is made for, and do not loosen it", async () => {
    const { body } = await send({
      max_tokens: 50,
      max_iterations: 400,
      max_wall_ms: 10_000,
      max_no_progress: 1,
      max_cost_nano_usd: 5,
      max_children: 2,
      max_depth: 1,
      on_budget: "wait",
    });
    const turn = host.as({ principal: "alice" }).turn(body.turn_id);
    await turn.result();
    expect((await turn.record()).config.limits).toEqual({
      ...DEFAULT_LIMITS,
      maxTokens: 50,
      maxIterations: 4,
      maxWallMs: 10_000,
      maxNoProgress: 1,
      maxCostNanoUsd: 5,
      maxChildren: 2,
      maxDepth: 1,
    });
  });

  it.each([
    { max_tokens: 0 },
    { max_tokens: "5" },
    { maxTokens: 5 },
    { on_budget: "go on" },
    { max_iterations: 0.5 },
    7,
  ])("that are none are refused: %o", async (limits) => {
    expect(await send(limits)).toMatchObject({ status: 400, body: { error: { code: "body_invalid" } } });
  });
});
