import type { JobContext } from "./job-context.ts";

/**
 * Runs one job. What it returns (JSON) is the result; what it throws ends the job with that ArcpError, or with
 * INTERNAL_ERROR. A streamed result is returned as what `context.streamResult().end()` gave.
 */
export type AgentHandler = (input: unknown, context: JobContext) => unknown;

export interface AgentDefinition {
  /** `[a-z0-9][a-z0-9._-]*` */
  name: string;
  /** Version to handler, in the order in which they appeared. */
  versions: Readonly<Record<string, AgentHandler>>;
  /** What a bare name means; the last version when absent. */
  default?: string;
  /**
   * What happens to a job that was running when the process went away.
   * - `fail` (the default) ends it with INTERNAL_ERROR: nobody knows what it had done.
   * - `resume` runs the handler again from its beginning, and everything that it had done is answered from the job's
   *   log instead of being done again, see StepJournal. For handlers that do the same again when they are answered the same.
   * - `rerun` calls the handler again with `context.recovered` set: it finds its own way from there.
   */
  onRestart?: "fail" | "resume" | "rerun";
}
