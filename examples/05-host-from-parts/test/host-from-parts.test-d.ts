// Compiled by `types` and never run.
import { standard } from "@pawl/core";
import type { Model, SessionClaim, Store } from "@pawl/core/ports";
import {
  createAwaitEvents,
  type EffectExecutor,
  journaled,
  modelExecutor,
  systemClock,
  toolExecutor,
} from "@pawl/effects";
import { createTurnDriver } from "@pawl/effects/turn-driver";
import { createQueueRunner, type QueueRunner } from "@pawl/queue-runner";
import { postgresStore } from "@pawl/store-postgres";
import type { Pool, PoolClient } from "pg";
import { expectTypeOf } from "vitest";
import { weather } from "../weather.ts";

declare const pool: Pool;
declare const model: Model;
declare const secret: string;

const store = postgresStore({ pool });
expectTypeOf(store).toEqualTypeOf<Store<PoolClient>>();
const awaits = await createAwaitEvents({ store, keyring: [secret] });
expectTypeOf(awaits.executor).toEqualTypeOf<EffectExecutor<"await_event">>();
const controller = journaled({
  executors: { model_call: modelExecutor(model), tool_call: toolExecutor(), await_event: awaits.executor },
});
journaled({
  // @ts-expect-error an executor performs the kind that it stands under
  executors: { model_call: toolExecutor() },
});
const driver = createTurnDriver({ store, controller, tools: { weather } });
createTurnDriver({ store, controller, protocol: standard(), clock: systemClock });
// @ts-expect-error a driver needs a store
createTurnDriver({ controller });
const runner = createQueueRunner({
  queue: store.leases,
  drive: (work, { signal }) => {
    expectTypeOf(work).toEqualTypeOf<SessionClaim>();
    return driver.drive(work, { signal });
  },
  clock: systemClock,
});
expectTypeOf(runner).toEqualTypeOf<QueueRunner>();
