import type { WireJob, WireJobCancelled, WireJobDetails } from "@pawl/http";

/** Jobs that were submitted over ARCP, on a server or in this process. */
export interface JobsClient {
  /** The newest first. */
  list(query: { readonly live: boolean; readonly limit: number }): Promise<readonly WireJob[]>;
  show(id: string): Promise<WireJobDetails>;
  cancel(id: string, reason: string | undefined): Promise<WireJobCancelled>;
}
