import type { Outbox } from "@pawl/core/ports";
import type { DueReport } from "@pawl/queue-runner";

/** Inputs that are accepted in one call. */
const BATCH = 100;

/** Accepts inputs that followed from commits and could not be accepted at once (D23), whoever committed. */
export function createDueInputs({ deliverInputs }: Pick<Outbox, "deliverInputs">): () => Promise<DueReport> {
  return async () => {
    const { settled, nextDueAt } = await deliverInputs(BATCH);
    return { fired: settled, nextDueAt };
  };
}

/** Several kinds of what is due as one, for the one timer of a process. */
export function allDue(...kinds: readonly (() => Promise<DueReport>)[]): () => Promise<DueReport> {
  return async () => {
    const reports = await Promise.all(kinds.map((due) => due()));
    const times = reports.flatMap(({ nextDueAt }) => (nextDueAt === null ? [] : [nextDueAt]));
    return {
      fired: reports.reduce((sum, { fired }) => sum + fired, 0),
      nextDueAt: times.length === 0 ? null : Math.min(...times),
    };
  };
}
