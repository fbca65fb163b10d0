import type { CommandOf } from "@pawl/core";
import { type EffectContext, interruptibleWait } from "@pawl/effects";
import { describe, expect, it } from "vitest";
import { envelopeOf, toolboxOf, turnOf } from "../support/effect-under-test.ts";

const WAIT: CommandOf<"await_event"> = {
  kind: "await_event",
  wait: { type: "custom", key: "k" },
  reason: { type: "budget", limit: "tokens" },
};

/** A wait that is answered once it is known whether its session was interrupted. */
async function durableWhen(interrupted: boolean): Promise<boolean> {
  const known = Promise.withResolvers<void>();
  const turn = turnOf(toolboxOf(async () => ({ status: "ok", output: 1 })));
  let durable = false;
  const execute = interruptibleWait(
    async (_envelope, { onDurable }: EffectContext) => {
      await known.promise;
      onDurable?.();
      return { kind: "await_event", resolution: { status: "ok", payload: null } };
    },
    {
      inbox: { isInterrupted: async () => interrupted },
      awaits: async () => ({
        open: async () => ({ keyId: "k", dueAt: null }),
        settle: async () => ({ status: "accepted" }),
      }),
    },
  );
  const signal = new AbortController().signal;
  const performed = execute(envelopeOf(WAIT), { signal, turn, onDurable: () => (durable = true) });
  await new Promise<void>((resolve) => setTimeout(resolve, 0));
  known.resolve();
  await performed;
  return durable;
}

describe("a wait that an input may interrupt", () => {
  it("says that its answer is durable, as the wait within it does", async () => {
    expect(await durableWhen(false)).toBe(true);
  });

  it("does not say so once it is interrupted: more than the answer has to be told to the model (ADR 37)", async () => {
    expect(await durableWhen(true)).toBe(false);
  });
});
