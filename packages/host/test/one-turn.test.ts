import { tool } from "@pawl/core";
import { createHost } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { scriptedModel } from "@pawl/testing";
import { expect, it } from "vitest";
import { z } from "zod";

it("a turn with parallel tool calls runs to its answer, and the session remembers it", async () => {
  const model = scriptedModel([
    {
      tools: [
        { name: "add", input: { a: 1, b: 2 } },
        { name: "add", input: { a: 3, b: 4 } },
      ],
    },
    { text: "3 and 7" },
    { text: "hello again" },
  ]);
  const add = tool({
    description: "Adds",
    input: z.object({ a: z.number(), b: z.number() }),
    onCrash: "retry",
    execute: ({ a, b }) => a + b,
  });
  const host = createHost({ store: memoryStore(), model, tools: { add } });
  const turn = await host.session("s1").send("add");
  const result = await turn.result();
  expect(result).toMatchObject({ status: "completed", text: "3 and 7" });
  const events: string[] = [];
  for await (const event of turn.events()) events.push(event.type);
  expect(events).toMatchInlineSnapshot(`
    [
      "turn.started",
      "input.consumed",
      "model.answered",
      "tool.finished",
      "tool.finished",
      "text.delta",
      "model.answered",
      "turn.ended",
      "turn.committed",
    ]
  `);
  const next = await (await host.session("s1").send("hi")).result();
  expect(next).toMatchObject({ status: "completed", text: "hello again" });
  expect((await host.session("s1").transcript()).map((m) => m.role)).toMatchInlineSnapshot(`
    [
      "user",
      "assistant",
      "tool",
      "assistant",
      "user",
      "assistant",
    ]
  `);
  await host.stop();
});
