// In memory: one process of ours on a clock by hand, whose faults are simulated. "Inside" is an exception out of the section that is the
// store's transaction.
import { PawlError } from "@pawl/core";
import { memoryStore } from "@pawl/store-memory";
import { manualClock } from "@pawl/testing";
import type { CrashPoint } from "../crash-point.ts";
import { createPerson } from "../person.ts";
import { type Fault, Seam } from "../seam.ts";
import { readStory, type Story } from "../story.ts";
import { hostOf, sendTheInput } from "../the-turn.ts";
import { memoryWorld } from "../world.ts";

/** More than any run takes. */
const MOST_TIMERS = 5_000;

class SimulatedDeath implements Fault {
  dead = false;
  /** The next look at the store's clock is the last thing that happens. */
  #armed = false;

  stop(): void {
    this.dead = true;
    this.alive();
  }

  alive(): void {
    if (this.dead) throw gone();
  }

  async inside(point: CrashPoint, verb: string, call: () => Promise<unknown>): Promise<never> {
    // Calls that are under way come to their end first: it is in this one that the process dies.
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#armed = true;
    const end = await call().then(
      () => "it did what it was asked for",
      (error: unknown) => (error === INSIDE ? "died" : String(error)),
    );
    this.#armed = false;
    if (end !== "died") throw new Error(`${point.at}: ${verb} was not interrupted: ${end}.`);
    this.dead = true;
    throw gone();
  }

  /** Read by every section of the store at its beginning. */
  look(now: number): number {
    if (!this.#armed) return now;
    this.#armed = false;
    throw INSIDE;
  }
}

const INSIDE = new Error("inside");

function gone(): PawlError {
  return new PawlError("process_dead", "This process is dead.", { blame: "infrastructure" });
}

export interface MemoryRun {
  readonly story: Story;
  /** Every moment of the first process, for an undisturbed run: the crash points. */
  readonly passed: readonly CrashPoint[];
  readonly reached: boolean;
}

let warm: Promise<unknown> | undefined;

/** The turn without a crash, or with one at this point. */
export async function runInMemory(point?: CrashPoint): Promise<MemoryRun> {
  // What is loaded when it is first used takes real time, for which a clock by hand does not wait: the first run of a process is in vain.
  warm ??= run().catch(() => undefined);
  await warm;
  return await run(point);
}

async function run(point?: CrashPoint): Promise<MemoryRun> {
  const clock = manualClock({ settle: () => new Promise((resolve) => setImmediate(resolve)) });
  const death = new SimulatedDeath();
  const world = memoryWorld();
  const store = memoryStore({ clock: { now: () => death.look(clock.now()) } });
  const first = new Seam(death, point);
  const doomed = hostOf({ store, seam: first, world, name: "doomed", clock });
  const heir = hostOf({ store, seam: new Seam(IMMORTAL), world, name: "heir", clock });
  const person = createPerson({ store, host: heir, world });

  await sendTheInput(store);
  void doomed.start().catch(() => undefined);
  let inherited = false;
  let over = false;
  for (let timers = 0; !over; timers++) {
    if (timers > MOST_TIMERS) throw new Error(`It is not over after ${MOST_TIMERS} timers.`);
    if (!(await clock.next())) await clock.advance(1_000);
    if (death.dead && !inherited) {
      inherited = true;
      void heir.start();
    }
    over = await person.look();
  }
  // Leaving the session is one of the points.
  for (let timers = 0; point !== undefined && !death.dead && timers < 100; timers++) await clock.next();
  const story = await readStory(store, heir, world);
  const stopping = Promise.allSettled([doomed.stop({ drainMs: 0 }), heir.stop({ drainMs: 0 })]);
  let stopped = false;
  void stopping.then(() => {
    stopped = true;
  });
  while (!stopped) if (!(await clock.next())) await clock.advance(1_000);
  return { story, passed: first.passed, reached: death.dead };
}

export const IMMORTAL: Fault = {
  stop: () => undefined,
  alive: () => undefined,
  inside: async (_point, _verb, call) => (await call()) as never,
};
