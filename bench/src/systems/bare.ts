import { bareCommits } from "../bare-commits.ts";
import { eachMs } from "../stopwatch.ts";
import type { OpenSystem } from "./system.ts";

/** No system: what any that writes down a job before it runs, and its end before it tells of it, has to wait for. */
export const open: OpenSystem = async ({ url }) => {
  const bare = await bareCommits(url);
  return { jobs: (times) => eachMs(times, () => bare.commit(2)), close: bare.close };
};
