import { PawlError } from "@pawl/core";
import type { Clock, Store } from "@pawl/core/ports";
import {
  type AwaitEvents,
  awaitEventExecutor,
  createAwaitEvents,
  type Executors,
  HOT_WAIT_MS,
  MAKE_SECRET_COMMAND,
  MIN_SECRET_BYTES,
  parseKeyring,
  peekAwaitEventExecutor,
} from "@pawl/effects";

/** Under which all hosts of a store keep the secret that signs their keys. */
const SECRET_NAME = "await-keys";

export interface HostAwaitEvents {
  /** Made at the first use: the secret may have to come from the store. */
  ready(): Promise<AwaitEvents>;
  readonly executors: Required<Pick<Executors, "await_event" | "peek_await_event">>;
}

export interface HostAwaitEventsOptions {
  readonly store: Pick<Store, "open" | "awaits" | "secrets" | "durability">;
  readonly secret: string | undefined;
  readonly clock: Clock;
  /** Something will be due at this time, milliseconds since the epoch. */
  readonly due: (at: number) => void;
  /** Other sessions need the places of those that wait: they are parked at once, and not hot first. */
  readonly crowded: () => boolean;
}

/** @throws PawlError `secret_required`, `secret_invalid`, `secret_too_weak` */
export function createHostAwaitEvents({
  store,
  secret,
  clock,
  due,
  crowded,
}: HostAwaitEventsOptions): HostAwaitEvents {
  if (secret === undefined && store.durability === "durable") throw secretRequired();
  const given = secret === undefined ? undefined : parseKeyring(secret);
  let made: Promise<AwaitEvents> | undefined;

  async function make(): Promise<AwaitEvents> {
    await store.open();
    const keyring = given ?? parseKeyring(await store.secrets.loadOrCreate(SECRET_NAME, newSecret));
    return createAwaitEvents({ store, keyring, clock });
  }

  function ready(): Promise<AwaitEvents> {
    made ??= make().catch((cause: unknown) => {
      // The store was not there; the next one tries again.
      made = undefined;
      throw cause;
    });
    return made;
  }

  return {
    ready,
    executors: {
      await_event: async (envelope, context) => {
        const { deadline } = envelope.command;
        if (deadline !== undefined) due(deadline);
        const hotMs = crowded() ? 0 : HOT_WAIT_MS;
        return awaitEventExecutor(await ready(), { clock, hotMs })(envelope, context);
      },
      peek_await_event: async (envelope, context) => peekAwaitEventExecutor(await ready())(envelope, context),
    },
  };
}

/** Whoever reads the database must not be able to answer for people, so what signs their keys is not kept there. */
function secretRequired(): PawlError {
  return new PawlError(
    "secret_required",
    `A host on a durable store needs a secret, the same on all nodes, which signs approvals and other answers: pass \`secret\`, from an environment variable say. Make one with: ${MAKE_SECRET_COMMAND}`,
  );
}

function newSecret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(MIN_SECRET_BYTES));
  return `k1:${btoa(String.fromCharCode(...bytes))}`;
}
