// What is counted is what is recorded: each effect of the log once, wherever in the store its row was written.
import { tool } from "@pawl/core";
import { createHost } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { scriptedModel } from "@pawl/testing";
import { expect, it } from "vitest";
import { z } from "zod";
import type { Metrics } from "../../src/metrics/metrics.ts";
import { observeStore } from "../../src/metrics/observe-store.ts";

it("counts every effect and every turn that this process records", async () => {
  const effects: string[] = [];
  const turns: string[] = [];
  const metrics: Partial<Metrics> = {
    effectSettled: (kind, outcome) => void effects.push(`${kind} ${outcome}`),
    turnEnded: (outcome) => void turns.push(outcome),
    tokens: () => undefined,
    cost: () => undefined,
  };
  const store = memoryStore();
  const look = tool({ description: "Looks", input: z.object({}), execute: () => 1 });
  const fail = tool({
    description: "Fails",
    input: z.object({}),
    execute: () => {
      throw new Error("no");
    },
  });
  const host = createHost({
    store: observeStore(store, metrics as Metrics),
    model: scriptedModel([
      { tools: [{ name: "look" }, { name: "fail" }] },
      { tools: [{ name: "look" }] },
      "seen",
    ]),
    tools: { look, fail },
  });
  const turn = await host.session("s1").send("look");
  expect(await turn.result()).toMatchObject({ status: "completed" });
  await host.stop();

  const rows = await store.log.read((await turn.input()).sessionId);
  const settled = rows.flatMap(({ body }) =>
    body.kind === "machine_input" && body.input.type === "effect_settled" ? [body.input.outcome.kind] : [],
  );
  expect(effects.map((effect) => effect.split(" ")[0]).sort()).toEqual([...settled].sort());
  expect(effects.filter((effect) => !effect.startsWith("checkpoint")).sort()).toEqual([
    "model_call ok",
    "model_call ok",
    "model_call ok",
    "tool_call error",
    "tool_call ok",
    "tool_call ok",
  ]);
  expect(turns).toEqual(["completed"]);
});
