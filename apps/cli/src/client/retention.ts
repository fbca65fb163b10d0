import type { PruneKind } from "@pawl/core";
import type { WireErased, WirePruned } from "@pawl/http";

export interface PruneRequest {
  readonly olderThanMs: number;
  readonly only: readonly PruneKind[];
  readonly dryRun: boolean;
  readonly onProgress: (kind: PruneKind, count: number) => void;
}

/** What deletes, on a server or in this process. */
export interface RetentionClient {
  prune(request: PruneRequest): Promise<WirePruned>;
  erase(sessionId: string): Promise<WireErased>;
}
