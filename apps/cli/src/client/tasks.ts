import type { Json } from "@pawl/core";
import type { WireTask, WireTaskResult, WireTaskSessionReport } from "@pawl/http";

/** Background tasks, on a server or in this process. */
export interface TasksClient {
  list(query: { readonly session?: string; readonly all: boolean }): Promise<readonly WireTask[]>;
  show(id: string): Promise<WireTask>;
  start(task: { readonly name: string; readonly input: Json; readonly session?: string }): Promise<WireTask>;
  signal(id: string, name: string, payload: Json): Promise<{ readonly ordinal: number }>;
  cancel(id: string, reason: string | undefined): Promise<WireTask>;
  /** Lets another session see them in place of the first. @returns ids of those that were moved */
  transfer(
    ids: readonly string[],
    between: { readonly from: string; readonly to: string },
  ): Promise<readonly string[]>;
  /** Takes a session's sight of all of its background tasks; they go on. */
  deleteSession(session: string): Promise<WireTaskSessionReport>;
  /** Resolves when it has ended. */
  result(id: string): Promise<WireTaskResult>;
}
