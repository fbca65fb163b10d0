import type { WireNode } from "@pawl/http";

/** The processes that drive sessions, on a server or in this process. */
export interface NodesClient {
  /** Living ones first. */
  list(limit: number): Promise<readonly WireNode[]>;
  setPaused(id: string, paused: boolean): Promise<void>;
}
