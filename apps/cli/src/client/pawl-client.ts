import type { Reads } from "./reads.ts";
import type { TurnClient } from "./turn-client.ts";

/** Everything that commands do, whether on a server or in this process. */
export interface PawlClient extends TurnClient {
  readonly reads: Reads;
}
