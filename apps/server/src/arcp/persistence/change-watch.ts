import type { Jobs } from "@pawl/core/ports";

/** Tells those who look at a job of another process that it may have changed: one listener at the store for all of them. */
export function createChangeWatch(jobs: Pick<Jobs, "onChange">) {
  const watchers = new Map<string, Set<() => void>>();
  const tell = (all: Iterable<() => void>) => {
    for (const look of [...all]) look();
  };
  const close = jobs.onChange((jobId) => {
    if (jobId !== undefined) tell(watchers.get(jobId) ?? []);
    else for (const all of [...watchers.values()]) tell(all);
  });
  return {
    close,
    watchJob(jobId: string, onAppend: () => void): () => void {
      const all = watchers.get(jobId) ?? new Set();
      watchers.set(jobId, all.add(onAppend));
      return () => {
        all.delete(onAppend);
        if (all.size === 0 && watchers.get(jobId) === all) watchers.delete(jobId);
      };
    },
  };
}
