import { PawlError } from "@pawl/core";
import type { Store } from "@pawl/core/ports";

/** Where a process dies: before its n-th write, or after it with the response lost. Counted from 1. */
export interface DeathPoint {
  readonly write: number;
  readonly when: "before" | "after";
}

export interface DyingStore {
  readonly store: Store<never>;
  /** The writes so far, by name. */
  readonly writes: readonly string[];
  readonly died: Promise<void>;
}

/** Also those that are no part of a turn's own record: what is sent to other sessions, and waits. */
const ALL_WRITES: Writes = {
  sessions: ["beginTurn", "commit", "requestCancel"],
  log: ["append"],
  inbox: ["accept", "next", "checkpoint"],
  leases: ["claim", "release"],
  awaits: ["register", "resolve"],
};

type Writes = { readonly [port: string]: readonly string[] };

const WRITES: Writes = {
  sessions: ["beginTurn", "commit"],
  log: ["append"],
  inbox: ["next", "checkpoint"],
  leases: ["claim", "release"],
};

/**
 * A store as one process sees it that dies at a point: from then on nothing of it reaches the store that others see. `all` counts every
 * write of a turn and its waits, also what it sends to other sessions.
 */
export function dyingStore(
  inner: Store<never>,
  point?: DeathPoint,
  { all = false }: { readonly all?: boolean } = {},
): DyingStore {
  const names = all ? ALL_WRITES : WRITES;
  const writes: string[] = [];
  const died = Promise.withResolvers<void>();
  let dead = false;
  const gone = () => new PawlError("process_dead", "This process is dead.", { blame: "infrastructure" });

  function wrapped(port: object, name: string): object {
    return new Proxy(port, {
      get(target, key) {
        const verb = Reflect.get(target, key) as unknown;
        if (typeof verb !== "function" || String(key).startsWith("on")) return verb;
        return async (...args: unknown[]) => {
          if (dead) throw gone();
          const isWrite = names[name]?.includes(String(key)) ?? false;
          if (isWrite) writes.push(`${name}.${String(key)}`);
          const here = isWrite && point?.write === writes.length;
          if (here && point.when === "before") die();
          if (dead) throw gone();
          const result: unknown = await verb.apply(target, args);
          if (here) die();
          if (dead) throw gone();
          return result;
        };
      },
    });
  }

  function die(): void {
    dead = true;
    died.resolve();
  }

  const store = {
    ...inner,
    sessions: wrapped(inner.sessions, "sessions"),
    log: wrapped(inner.log, "log"),
    inbox: wrapped(inner.inbox, "inbox"),
    leases: wrapped(inner.leases, "leases"),
    ...(all && { awaits: wrapped(inner.awaits, "awaits") }),
  } as Store<never>;
  return { store, writes, died: died.promise };
}
