import { type ModelRequest, NO_USAGE, tool } from "@pawl/core";
import type { Model } from "@pawl/core/ports";
import { createHost } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { manualClock } from "@pawl/testing";
import { describe, expect, test } from "vitest";
import { z } from "zod";

const never = () => new Promise<never>(() => {});
const says = (text: string) =>
  ({
    ok: true,
    answer: { parts: [{ type: "text", text }], terminalReason: "stop", usage: NO_USAGE, model: "m" },
  }) as const;

/** A model that works at its first call for ever, whatever it is told, and answers the second. */
function deafModel(first: () => ReturnType<Model["call"]>) {
  const requests: ModelRequest[] = [];
  const model: Model = {
    id: "deaf",
    call: async (request) => (requests.push(request) === 1 ? first() : says("What I have.")),
  };
  return { model, requests };
}

const stubborn = tool({ description: "Does not stop", input: z.object({}), execute: never });
const callsIt = async () =>
  ({
    ok: true,
    answer: {
      parts: [{ type: "tool_call", callId: "c1" as never, name: "stubborn", input: {} }],
      terminalReason: "tool_use",
      usage: NO_USAGE,
      model: "m",
    },
  }) as const;

describe("the time of a turn is over, and what it waits for does not heed that", () => {
  test.each([
    ["the model", never],
    ["a tool", callsIt],
  ] as const)("%s is written off, and the last answer is asked for", async (_, first) => {
    const clock = manualClock();
    const { model, requests } = deafModel(first);
    const host = createHost({
      store: memoryStore({ clock }),
      clock,
      model,
      tools: { stubborn },
      limits: { maxWallMs: 60_000 },
    });
    const turn = await host.session("s1").send("go");
    const result = turn.result();
    let settled = false;
    void result.finally(() => {
      settled = true;
    });
    await clock.advance(59_000);
    expect(settled).toBe(false);
    await clock.advance(10_000);
    expect(requests.at(-1)?.toolChoice).toBe("none");
    expect(await result).toMatchObject({ status: "completed", text: "What I have.", limit: "wall_time" });
    await clock.advance(0);
    await Promise.all([host.stop(), clock.advance(60_000)]);
  });
});
