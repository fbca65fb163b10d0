import type { ApprovalsClient } from "./approvals.ts";
import type { DeadLettersClient } from "./dead-letters.ts";
import type { JobsClient } from "./jobs.ts";
import type { NodesClient } from "./nodes.ts";
import type { Reads } from "./reads.ts";
import type { RetentionClient } from "./retention.ts";
import type { TasksClient } from "./tasks.ts";
import type { TurnClient } from "./turn-client.ts";
import type { WaitsClient } from "./waits.ts";

/** Everything that commands do, whether on a server or in this process. */
export interface PawlClient extends TurnClient {
  readonly reads: Reads;
  readonly waits: WaitsClient;
  readonly approvals: ApprovalsClient;
  readonly tasks: TasksClient;
  readonly retention: RetentionClient;
  readonly jobs: JobsClient;
  readonly nodes: NodesClient;
  readonly deadLetters: DeadLettersClient;
}
