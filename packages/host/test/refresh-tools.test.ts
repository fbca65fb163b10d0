import { agent, type ToolDefinition } from "@pawl/core";
import type { Toolbox, ToolProvider } from "@pawl/core/ports";
import { createHost } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { scriptedModel } from "@pawl/testing";
import { expect, it } from "vitest";

function provider(): ToolProvider & { closed: number } {
  let opened = 0;
  const made = {
    closed: 0,
    async open(_environment: unknown, { pinned }: { pinned?: readonly ToolDefinition[] }): Promise<Toolbox> {
      // Each look finds one more tool.
      opened += 1;
      const names =
        pinned?.map(({ name }) => name) ?? Array.from({ length: opened }, (_, i) => `tool${i + 1}`);
      return {
        definitions: names.map((name) => ({ name, description: name, inputSchema: {}, onCrash: "retry" })),
        execute: async ({ name }) => ({ status: "ok", output: `did ${name}` }),
        close: async () => {
          made.closed += 1;
        },
      };
    },
  };
  return made;
}

const CALL = (name: string) => ({ tools: [{ name }] });

it("an agent that refreshes its tools sees new ones before each model call, and the record replays (sync_environment)", async () => {
  const tools = provider();
  const model = scriptedModel([CALL("tool1"), CALL("tool2"), "done"]);
  const agents = [agent({ name: "curious", refreshTools: "iteration" })];
  const host = createHost({ store: memoryStore(), model, agents, toolProvider: tools });
  const turn = await host.session("s1").send("go");
  expect(await turn.result()).toMatchObject({ status: "completed", text: "done" });
  expect(model.calls.map((call) => call.tools.map(({ name }) => name))).toEqual([
    ["tool1"],
    ["tool1", "tool2"],
    ["tool1", "tool2", "tool3"],
  ]);
  expect(await turn.replay()).toMatchObject({ identical: true });
  await host.stop();
  expect(tools.closed).toBe(3);
});

it("by default the tools of a turn stay as they were when it began (D7)", async () => {
  const model = scriptedModel([CALL("tool1"), CALL("tool2"), "done"]);
  const host = createHost({ store: memoryStore(), model, toolProvider: provider() });
  const turn = await host.session("s1").send("go");
  await turn.result();
  const results = (await host.session("s1").transcript()).filter(({ role }) => role === "tool");
  expect(results.map(({ parts }) => parts[0])).toMatchObject([{ status: "ok" }, { status: "error" }]);
  await host.stop();
});
