import { createEnvelope, executionScope, positionalEffectId } from "@pawl/core";
import { expect, it } from "vitest";
import { answeringExecutor, testingExecutor } from "../src/index.ts";

const scope = executionScope.runtimeOperation("test");

it("performs its kind with the function and remembers the envelopes", async () => {
  const executor = testingExecutor("durable_step", () => ({ kind: "durable_step", value: 1 }));
  const command = { kind: "durable_step", stepId: "s", input: null } as const;
  const envelope = createEnvelope(scope, positionalEffectId(1, "durable_step", 0), command, {
    type: "host",
    label: "test",
  });
  expect(await executor(envelope)).toEqual({ kind: "durable_step", value: 1 });
  expect(executor.envelopes).toEqual([envelope]);
});

it("answers waits by their reason, and refuses another kind with the code of a mismatch", async () => {
  const executor = answeringExecutor((reason) => ({ status: "ok", payload: reason.type }));
  const id = positionalEffectId(1, "await_event", 0);
  const cause = { type: "host", label: "test" } as const;
  const wait = { type: "custom", key: "k" } as const;
  const reason = { type: "budget", limit: "cost" } as const;
  const asked = createEnvelope(scope, id, { kind: "await_event", wait, reason }, cause);
  expect(await executor(asked)).toEqual({
    kind: "await_event",
    resolution: { status: "ok", payload: "budget" },
  });
  const other = createEnvelope(scope, id, { kind: "sleep", dueAt: 0 }, cause);
  await expect(executor(other)).rejects.toMatchObject({ code: "runtime_effect_local_executor_mismatch" });
});
