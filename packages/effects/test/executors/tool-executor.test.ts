import { type ToolDefinition, type ToolOutcome, tool } from "@pawl/core";
import type { Toolbox } from "@pawl/core/ports";
import {
  DEFAULT_TOOL_TIMEOUT_MS,
  type EffectContext,
  joinToolboxes,
  staticToolbox,
  toolExecutor,
} from "@pawl/effects";
import { manualClock } from "@pawl/testing";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  contextOf,
  NEVER,
  OK,
  toolboxOf,
  toolEnvelope,
  turnOf,
  until,
} from "../support/effect-under-test.ts";

function under(
  toolbox: Toolbox,
  { random = 0.5, ...given }: Partial<EffectContext> & { random?: number } = {},
) {
  const clock = manualClock();
  const execute = toolExecutor({ clock, random: () => random });
  const begun = clock.now();
  return {
    clock,
    elapsed: () => clock.now() - begun,
    launch: async (input?: unknown, name = "work") =>
      (await until(clock, execute(toolEnvelope(input as never, { name }), contextOf(toolbox, given)))).launch,
  };
}

const failing: ToolOutcome = { status: "error", code: "flaky", message: "not now" };
const RETRY = { maxAttempts: 4, baseMs: 100, maxMs: 300 };

it("a toolbox that ends without a result gives the model a failed one (tool_result_missing)", async () => {
  const nothing = toolboxOf(async () => undefined as never);
  expect(await under(nothing).launch()).toMatchObject({
    status: "done",
    result: { status: "error", code: "tool_result_missing" },
  });
});

describe("the retry policy of a tool", () => {
  it("makes failed attempts again, with a backoff that doubles up to its ceiling and full jitter", async () => {
    const at: number[] = [];
    const toolbox = toolboxOf(
      async () => {
        at.push(it.elapsed());
        return failing;
      },
      { retry: RETRY },
    );
    const it = under(toolbox);
    expect(await it.launch()).toEqual({ status: "done", result: failing });
    // Half of 100, 200 and 300: the last step is cut at maxMs.
    expect(at).toEqual([0, 50, 150, 300]);
  });

  it("stops at the first success and never waits longer than the policy says", async () => {
    let attempts = 0;
    const toolbox = toolboxOf(async () => (++attempts < 3 ? failing : OK), { retry: RETRY });
    const it = under(toolbox, { random: 0.999 });
    expect(await it.launch()).toEqual({ status: "done", result: OK });
    expect(attempts).toBe(3);
    expect(it.elapsed()).toBeLessThan(100 + 200);
  });

  it.each(["tool_input_invalid", "tool_unavailable", "tool_changed"])("does not repeat %s", async (code) => {
    let attempts = 0;
    const toolbox = toolboxOf(
      async () => {
        attempts += 1;
        return { status: "error", code, message: "final" };
      },
      { retry: RETRY },
    );
    await under(toolbox).launch();
    expect(attempts).toBe(1);
  });

  it("is not followed for a tool that must not happen twice, whatever its definition says (D12)", async () => {
    let attempts = 0;
    const toolbox = toolboxOf(
      async () => {
        attempts += 1;
        return failing;
      },
      { onCrash: "ask", retry: RETRY },
    );
    await under(toolbox).launch();
    expect(attempts).toBe(1);
  });

  it("ends with the last failure when the turn stops it between two attempts, at once", async () => {
    const stop = new AbortController();
    const toolbox = toolboxOf(
      async () => {
        queueMicrotask(() => stop.abort());
        return failing;
      },
      { retry: { ...RETRY, baseMs: 60_000, maxMs: 60_000 } },
    );
    const it = under(toolbox, { signal: stop.signal });
    expect(await it.launch()).toEqual({ status: "done", result: failing });
    expect(it.elapsed()).toBe(0);
    expect(it.clock.pending).toEqual([]);
  });
});

describe("the deadline of an attempt", () => {
  const deaf = (given: Partial<ToolDefinition>) => toolboxOf(() => NEVER, given);

  it("of a retry tool is a failed result", async () => {
    const it = under(deaf({ timeoutMs: 2_000 }));
    expect(await it.launch()).toMatchObject({
      status: "done",
      result: { status: "error", code: "tool_timeout" },
    });
    expect(it.elapsed()).toBe(2_000);
  });

  it("of a retry tool with a policy is tried again", async () => {
    const it = under(deaf({ timeoutMs: 2_000, retry: { maxAttempts: 2, baseMs: 0, maxMs: 0 } }));
    await it.launch();
    expect(it.elapsed()).toBe(4_000);
  });

  it("of an ask tool is ambiguous: it may have happened (D12)", async () => {
    const it = under(deaf({ timeoutMs: 2_000, onCrash: "ask" }));
    expect(await it.launch()).toEqual({ status: "ambiguous", attempt: 0 });
  });

  it("exists for tools that name none", async () => {
    const it = under(deaf({}));
    await it.launch();
    expect(it.elapsed()).toBe(DEFAULT_TOOL_TIMEOUT_MS);
  });

  it("tells the tool through its signal, and a tool that then stops does not take the answer's place", async () => {
    const toolbox = toolboxOf(
      (_call, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        }),
      { timeoutMs: 10, onCrash: "ask" },
    );
    expect(await under(toolbox).launch()).toEqual({ status: "ambiguous", attempt: 0 });
  });
});

describe("an abort", () => {
  it("that comes before the tool begins: nothing happened, and the tool is not called", async () => {
    let called = 0;
    const toolbox = toolboxOf(async () => {
      called += 1;
      return OK;
    });
    const it = under(toolbox, { signal: AbortSignal.abort() });
    const result = { status: "cancelled", certainty: "before_start" };
    expect(await it.launch()).toEqual({ status: "done", result });
    expect(called).toBe(0);
  });

  it("after a take-over of a retry tool: nobody can say, it leaves no trace (D18)", async () => {
    const it = under(
      toolboxOf(async () => OK),
      { signal: AbortSignal.abort(), resumed: true },
    );
    expect(await it.launch()).toEqual({
      status: "done",
      result: { status: "cancelled", certainty: "outcome_unknown" },
    });
  });

  it("leaves a tool that ignores it one second, and then nobody can say", async () => {
    const stop = new AbortController();
    const it = under(
      toolboxOf(() => {
        queueMicrotask(() => stop.abort());
        return NEVER;
      }),
      { signal: stop.signal },
    );
    expect(await it.launch()).toEqual({
      status: "done",
      result: { status: "cancelled", certainty: "outcome_unknown" },
    });
    expect(it.elapsed()).toBe(1_000);
  });

  it("of an ask tool is recorded as unknown and not asked about: the turn is over (D12)", async () => {
    const stop = new AbortController();
    const it = under(
      toolboxOf(
        () => {
          queueMicrotask(() => stop.abort());
          return NEVER;
        },
        { onCrash: "ask" },
      ),
      { signal: stop.signal },
    );
    expect(await it.launch()).toMatchObject({ status: "done", result: { certainty: "outcome_unknown" } });
  });

  it.each([
    ["what the tool still says counts", OK],
    ["a stop that the tool confirms is confirmed", { status: "cancelled", certainty: "confirmed" }],
  ] as const)("%s", async (_title, said) => {
    const stop = new AbortController();
    const toolbox = toolboxOf(async () => {
      stop.abort();
      return said;
    });
    expect(await under(toolbox, { signal: stop.signal }).launch()).toEqual({ status: "done", result: said });
  });

  it("leaves neither timers nor listeners behind, whatever came first", async () => {
    const stop = new AbortController();
    let listeners = 0;
    const { signal } = stop;
    const add = signal.addEventListener.bind(signal);
    signal.addEventListener = ((...args: Parameters<typeof add>) => {
      listeners += 1;
      const options = args[2] as AddEventListenerOptions | undefined;
      options?.signal?.addEventListener("abort", () => (listeners -= 1));
      return add(...args);
    }) as typeof add;
    const remove = signal.removeEventListener.bind(signal);
    signal.removeEventListener = ((...args: Parameters<typeof remove>) => {
      listeners -= 1;
      return remove(...args);
    }) as typeof remove;
    const it = under(
      toolboxOf(async () => OK),
      { signal },
    );
    await it.launch();
    expect(it.clock.pending).toEqual([]);
    expect(listeners).toBe(0);
    stop.abort();
    await it.clock.advance(5_000);
    expect(it.clock.pending).toEqual([]);
  });
});

describe("what a toolbox may do wrong", () => {
  it("a tool that nobody offers is a failed result that says so", async () => {
    const it = under(toolboxOf(async () => OK));
    expect(await it.launch({}, "gone")).toMatchObject({
      status: "done",
      result: { status: "error", code: "tool_unavailable" },
    });
  });

  it.each([
    ["rejects", () => Promise.reject(new Error("burst"))],
    [
      "throws at once",
      () => {
        throw new Error("burst");
      },
    ],
  ] as const)("a toolbox that %s is a failed result and leaves no timer", async (_title, execute) => {
    const it = under(toolboxOf(execute));
    expect(await it.launch()).toEqual({
      status: "done",
      result: { status: "error", code: "tool_failed", message: "burst" },
    });
    expect(it.clock.pending).toEqual([]);
  });

  it("without a turn there are no tools", async () => {
    const execute = toolExecutor({ clock: manualClock(), random: () => 0 });
    await expect(execute(toolEnvelope(), { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "turn_missing",
    });
  });
});

describe("the tools of this process", () => {
  const double = tool({
    description: "Doubles",
    input: z.object({ n: z.number() }),
    execute: ({ n }) => n * 2,
  });

  it("have their input checked, and only own names are tools", async () => {
    const toolbox = staticToolbox({ double });
    const call = { ...toolEnvelope().command, sessionId: "s1", turnId: "t1" };
    const context = { signal: new AbortController().signal };
    expect(await toolbox.execute({ ...call, name: "double", input: { n: 2 } }, context)).toEqual({
      status: "ok",
      output: 4,
    });
    expect(await toolbox.execute({ ...call, name: "double", input: {} }, context)).toMatchObject({
      code: "tool_input_invalid",
    });
    for (const name of ["constructor", "__proto__", "toString"]) {
      expect(await toolbox.execute({ ...call, name, input: {} }, context)).toMatchObject({
        code: "tool_unavailable",
      });
      expect(await toolbox.reconcile?.({ ...call, name }, context)).toBe("unknown");
    }
  });

  it("of two toolboxes must not share a name, and close all that can be closed", async () => {
    const one = staticToolbox({ double });
    expect(() => joinToolboxes(one, staticToolbox({ double }))).toThrow(
      expect.objectContaining({ code: "tool_name_taken" }),
    );
    const closed: string[] = [];
    const both = joinToolboxes(
      { ...toolboxOf(async () => OK), close: () => Promise.reject(new Error("stuck")) },
      {
        definitions: [],
        execute: async () => OK,
        close: async () => {
          closed.push("second");
        },
      },
    );
    await both.close?.();
    expect(closed).toEqual(["second"]);
    expect(turnOf(both).toolbox.definitions).toHaveLength(1);
  });
});
