import { type ToolSet, tool } from "@pawl/core";
import type { Model, Store } from "@pawl/core/ports";
import type { ScriptedTurn } from "@pawl/testing";
import { afterEach, beforeEach, expect } from "vitest";
import { z } from "zod";
import { type DrivenOptions, type DrivenSession, drivenSession, TURN } from "./driven-session.ts";
import { NEVER, until } from "./effect-under-test.ts";

const input = z.object({});
const host = globalThis as unknown as {
  process: {
    on(event: string, run: (reason: unknown) => void): void;
    off(event: string, run: (reason: unknown) => void): void;
  };
};

/** Every test of the file fails when something was rejected and nobody listened. */
export function expectNoUnhandledRejections(): void {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => void unhandled.push(reason);
  beforeEach(() => host.process.on("unhandledRejection", note));
  afterEach(async () => {
    await new Promise<void>((resolve) => setTimeout(resolve, 0));
    host.process.off("unhandledRejection", note);
    expect(unhandled.splice(0)).toEqual([]);
  });
}

export const calls = (...names: readonly string[]): ScriptedTurn => ({
  tools: names.map((name) => ({ name })),
});

export const work = (execute: () => unknown, given: object = {}): ToolSet => ({
  work: tool({ description: "Works", input, onCrash: "retry", execute, ...given }),
});

/** Drives for a moment, and then the lease is lost: what runs is aborted, and nothing of it is recorded (D3). */
export async function driveAndLose({ drive, clock }: Pick<DrivenSession, "drive" | "clock">): Promise<void> {
  const lost = new AbortController();
  const driving = drive({ signal: lost.signal }).catch(() => {});
  await clock.advance(10);
  lost.abort();
  await driving;
}

/** Answers never, whatever it is told. */
export const deafModel: Model = { id: "deaf", call: () => NEVER };

/** A store one verb of which does something else first. */
export function intercepted<Port extends keyof Store>(
  port: Port,
  verb: keyof Store[Port],
  before: (call: number) => Promise<void>,
): (store: Store) => Store<never> {
  return (store) => {
    let count = 0;
    const inner = store[port] as unknown as Record<PropertyKey, (...args: unknown[]) => Promise<unknown>>;
    const proxy = new Proxy(inner, {
      get: (target, key) =>
        key !== verb
          ? target[key]
          : async (...args: unknown[]) => {
              count += 1;
              await before(count);
              return target[key]?.(...args);
            },
    });
    return { ...store, [port]: proxy } as unknown as Store<never>;
  };
}

export async function cancel({ store }: { store: Store }): Promise<void> {
  await store.sessions.requestCancel(TURN, { requestId: "r1", origin: "test" });
}

/** Drives one input to where it comes by itself. */
export async function driven(options: DrivenOptions) {
  const session = drivenSession(options);
  await session.send("go");
  const left = await until(session.clock, session.drive());
  return { session, left };
}
