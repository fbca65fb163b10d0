import type { Cell, Subject } from "../cell.ts";
import { median } from "../statistics.ts";
import {
  ABSURD,
  DBOS,
  GRAPHILE,
  GRAPHILE_BATCHED,
  PAWL,
  PG_BOSS,
  PG_BOSS_BATCHED,
  RESTATE,
} from "../systems/names.ts";
import { openSystems } from "../systems/open-systems.ts";

const CONCURRENCY = 16;
/** They give up that a crash repeats no more than what was being worked on, so they stand beside and are no peers. */
const BATCHED: ReadonlySet<string> = new Set([GRAPHILE_BATCHED.name, PG_BOSS_BATCHED.name]);
const WITH_A_QUEUE = [PAWL, GRAPHILE, PG_BOSS, DBOS, ABSURD, GRAPHILE_BATCHED, PG_BOSS_BATCHED];
const IDLE: ReadonlySet<string> = new Set([PAWL.name, GRAPHILE.name, DBOS.name, RESTATE.name]);

/**
 * Trivial jobs: a queue full of them worked off by one process, 16 at once; and one job given to an idle system, from being asked
 * for to being known to be done. Each system is in a process of its own over one PostgreSQL with its default durability.
 *
 * Jobs do nothing. Pawl's queued job is a background task, with its registration, its log and its end; its single job is a whole
 * turn with one call of a model. DBOS's queue is timed with its enqueueing, since it begins to work at once. What polls is asked to
 * poll as often as it allows, which an operator would not do.
 */
export const peersJobsCell: Cell = {
  name: "peers-jobs",
  maxRounds: 5,
  async open({ scale }) {
    const systems = await openSystems([...WITH_A_QUEUE, RESTATE]);
    const jobs = 1_250 * scale;
    const queued = `${jobs} queued jobs, ${CONCURRENCY} at once`;
    const single = "one job on an idle system";
    const subjects: Subject[] = [];
    for (const [name, system] of systems.running) {
      const ours = name === PAWL.name;
      const titled = (of: string, unit: string) => ({
        name: ours ? of : `${of} · ${name}`,
        unit,
        ...(!ours && !BATCHED.has(name) && { peerOf: of }),
      });
      if (name !== RESTATE.name)
        subjects.push({
          ...titled(queued, "/s"),
          ...(ours && { target: { of: "peer", atLeast: 2 } as const }),
          sample: async () => (1_000 * jobs) / (await system.ask("drain", jobs, CONCURRENCY)),
        });
      if (IDLE.has(name))
        subjects.push({
          ...titled(single, "ms"),
          ...(ours && { target: { of: "peer", atMost: 0.5 } as const }),
          sample: () => medianOf(5 * scale, () => system.ask("job")),
        });
    }
    return { subjects, absent: systems.absent, close: systems.close };
  },
};

async function medianOf(times: number, sample: () => Promise<number>): Promise<number> {
  const values: number[] = [];
  for (let i = 0; i < times; i++) values.push(await sample());
  return median(values);
}
