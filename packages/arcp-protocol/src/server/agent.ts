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
   * What happens to a job that was running when the process went away: `fail` ends it with INTERNAL_ERROR
   * (the default: nobody knows what it had done); `rerun` calls the handler again with `context.recovered` set.
   */
  onRestart?: "fail" | "rerun";
}
