// D23: what a call leaves for the world outside is part of its outcome.
import type { LeftMessage, ToolCallOutcome } from "@pawl/core";
import { tool } from "@pawl/core";
import { staticToolbox, toolExecutor } from "@pawl/effects";
import { manualClock, memoryEffectJournal } from "@pawl/testing";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { MAX_TURN_CHARS, MAX_TURN_MESSAGES, OutboxRoom } from "../../src/executors/outbox-room.ts";
import { contextOf, NEVER, toolEnvelope, turnOf, until } from "../support/effect-under-test.ts";

type Work = ReturnType<typeof tool>;
type Spec = Parameters<typeof tool>[0];

function work(execute: Work["execute"], given: Partial<Spec> = {}) {
  return tool({ description: "Works", input: z.unknown(), onCrash: "retry", ...given, execute });
}

async function outcomeOf(tool: Work, outboxRoom?: OutboxRoom): Promise<ToolCallOutcome> {
  const clock = manualClock();
  const execute = toolExecutor({ clock, random: () => 0 });
  const toolbox = staticToolbox({ work: tool as never });
  const turn = { ...turnOf(toolbox), ...(outboxRoom && { outboxRoom }) };
  return until(clock, execute(toolEnvelope(), contextOf(toolbox, { turn })));
}

const failureOf = ({ launch }: ToolCallOutcome) =>
  launch.status === "done" && launch.result.status === "error" ? launch.result : undefined;

describe("the messages of a call", () => {
  it("come with its outcome, in their order, as they were when they were left", async () => {
    const payload = { cents: 1 };
    const { launch, outbox } = await outcomeOf(
      work((_, run) => {
        run.outbox({ topic: "mail", payload });
        payload.cents = 2;
        run.outbox({ topic: "audit", payload: "a\u0000b" });
      }),
    );
    expect(launch).toMatchObject({ status: "done", result: { status: "ok" } });
    expect(outbox).toEqual([
      { topic: "mail", payload: { cents: 1 } },
      { topic: "audit", payload: "a\ufffdb" },
    ]);
  });

  it("are not there when it left none, or failed", async () => {
    expect(await outcomeOf(work(() => 1))).not.toHaveProperty("outbox");
    const failed = await outcomeOf(
      work((_, run) => {
        run.outbox({ topic: "mail", payload: 1 });
        throw new Error("no");
      }),
    );
    expect(failureOf(failed)?.message).toBe("no");
    expect(failed).not.toHaveProperty("outbox");
  });

  it("are those of the attempt that succeeded", async () => {
    let attempts = 0;
    const flaky = work(
      (_, run) => {
        attempts += 1;
        run.outbox({ topic: "mail", payload: attempts });
        if (attempts < 3) throw new Error("not now");
      },
      { retry: { maxAttempts: 5, baseMs: 10, maxMs: 10 } },
    );
    expect((await outcomeOf(flaky)).outbox).toEqual([{ topic: "mail", payload: 3 }]);
  });

  it("of a composite body are left between its steps, which are not performed again (D14)", async () => {
    const between = work(
      async (_, run) => {
        const n = await run.step("one", async () => 1);
        run.outbox({ topic: "mail", payload: n });
        await Promise.allSettled([run.step("two", () => Promise.reject(new Error("x")))]);
        run.outbox({ topic: "mail", payload: 2 });
      },
      { composite: true },
    );
    expect((await outcomeOf(between)).outbox?.map(({ payload }) => payload)).toEqual([1, 2]);
    const within = work((_, run) => run.step("one", async () => run.outbox({ topic: "mail", payload: 1 })), {
      composite: true,
    });
    const refused = await outcomeOf(within);
    expect(failureOf(refused)?.code).toBe("outbox_in_step");
    expect(refused).not.toHaveProperty("outbox");
  });

  const circle: { self?: unknown } = {};
  circle.self = circle;
  it.each<[string, LeftMessage | unknown]>([
    ["no topic", { topic: " ", payload: 1 }],
    ["a topic that is no text", { topic: 7, payload: 1 }],
    ["a topic that is too long", { topic: "x".repeat(201), payload: 1 }],
    ["a payload that is no JSON", { topic: "mail", payload: circle }],
    ["a payload that cannot be written", { topic: "mail", payload: 1n }],
    ["a payload that is a function", { topic: "mail", payload: () => 1 }],
    ["a payload that is too large", { topic: "mail", payload: "x".repeat(300_000) }],
  ])("are refused where they stand: %s", async (_, message) => {
    const outcome = await outcomeOf(work((_input, run) => run.outbox(message as LeftMessage)));
    expect(failureOf(outcome)?.code).toBe("outbox_message_invalid");
  });

  it("are bounded", async () => {
    const many = await outcomeOf(
      work((_, run) => {
        for (let n = 0; n < 101; n++) run.outbox({ topic: "mail", payload: n });
      }),
    );
    expect(failureOf(many)?.code).toBe("outbox_message_invalid");
  });

  it("are bounded for all calls of a turn, and what failed gives its room back", async () => {
    const room = new OutboxRoom(() =>
      Array.from({ length: MAX_TURN_MESSAGES - 2 }, (_, n) => ({ topic: "mail", payload: n })),
    );
    let fails = true;
    const two = work((_, run) => {
      run.outbox({ topic: "mail", payload: 1 });
      run.outbox({ topic: "mail", payload: 2 });
      if (fails) throw new Error("no");
    });
    expect(failureOf(await outcomeOf(two, room))?.message).toBe("no");
    fails = false;
    expect((await outcomeOf(two, room)).outbox).toHaveLength(2);
    expect(failureOf(await outcomeOf(two, room))).toMatchObject({
      code: "outbox_full",
      message: expect.stringContaining("reference"),
    });
  });

  it("are bounded in what they hold, for all calls of a turn", () => {
    const half = { topic: "mail", payload: "x".repeat(MAX_TURN_CHARS / 2) };
    const room = new OutboxRoom(() => [half]);
    expect(room.take(MAX_TURN_CHARS / 2)).toBe(false);
    expect(room.take(MAX_TURN_CHARS / 2 - 100)).toBe(true);
    expect(room.take(200)).toBe(false);
    room.giveBack([half]);
    expect(room.take(200)).toBe(true);
  });

  describe("of a tool that may not happen twice (D12)", () => {
    const kept: (readonly LeftMessage[])[] = [];
    const journal = {
      ...memoryEffectJournal(),
      left: (_envelope: unknown, messages: readonly LeftMessage[]) => kept.push(messages),
    };
    async function call(execute: Work["execute"], given: Partial<Spec>) {
      kept.length = 0;
      const clock = manualClock();
      const toolbox = staticToolbox({ work: work(execute, { timeoutMs: 1_000, ...given }) as never });
      const context = { ...contextOf(toolbox), journal };
      const outcome = await until(clock, toolExecutor({ clock })(toolEnvelope(), context));
      expect(clock.pending).toEqual([]);
      return outcome;
    }
    const leave: Work["execute"] = (_, run) => {
      run.outbox({ topic: "mail", payload: 1 });
      run.outbox({ topic: "mail", payload: 2 });
    };
    const leaveAndHang: Work["execute"] = (input, run) => {
      leave(input, run);
      return NEVER;
    };

    it("are kept while it runs, and are known when it did not end in time", async () => {
      const outcome = await call(leaveAndHang, { onCrash: "ask" });
      expect(outcome.launch.status).toBe("ambiguous");
      expect(outcome.outbox?.map(({ payload }) => payload)).toEqual([1, 2]);
      expect(kept).toEqual([outcome.outbox]);
    });

    it("need no row of their own when it returns at once, nor when it may be performed again", async () => {
      expect((await call(leave, { onCrash: "ask" })).outbox).toHaveLength(2);
      expect(kept).toEqual([]);
      expect(await call(leaveAndHang, { onCrash: "retry" })).not.toHaveProperty("outbox");
      expect(kept).toEqual([]);
    });
  });

  it("are refused where no turn commits", async () => {
    const box = staticToolbox({ work: work((_, run) => run.outbox({ topic: "mail", payload: 1 })) as never });
    const { callId, name, input, idempotencyKey, attempt } = toolEnvelope().command;
    const call = { sessionId: "s1", turnId: "t1", callId, name, input, idempotencyKey, attempt };
    const outcome = await box.execute(call, { signal: new AbortController().signal });
    expect(outcome).toMatchObject({ status: "error", code: "outbox_unsupported" });
  });
});
