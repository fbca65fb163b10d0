// What createHost does, in the open: each part is handed what it needs and knows nothing of the others.
import { standard } from "@pawl/core";
import type { Model } from "@pawl/core/ports";
import { createAwaitEvents, journaled, modelExecutor, systemClock, toolExecutor } from "@pawl/effects";
import { createTurnDriver } from "@pawl/effects/turn-driver";
import { createQueueRunner } from "@pawl/queue-runner";
import { postgresStore } from "@pawl/store-postgres";
import type { Pool } from "pg";
import { weather } from "./weather.ts";

export interface Given {
  readonly pool: Pool;
  readonly model: Model;
  readonly secret: string;
}

export async function compose({ pool, model, secret }: Given) {
  const store = postgresStore({ pool });
  const awaits = await createAwaitEvents({ store, keyring: [secret] });
  await store.open();
  const controller = journaled({
    time: store.time,
    executors: {
      model_call: modelExecutor(model),
      tool_call: toolExecutor(),
      await_event: awaits.executor,
    },
  });
  const driver = createTurnDriver({
    store,
    controller,
    tools: { weather },
    protocol: standard(),
    clock: systemClock,
  });
  const runner = createQueueRunner({
    queue: store.leases,
    drive: (work, { signal }) => driver.drive(work, { signal }),
    clock: systemClock,
  });
  return { store, runner };
}
