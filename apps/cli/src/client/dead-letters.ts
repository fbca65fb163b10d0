import type { WireDeadLetter } from "@pawl/http";

export interface DeadLetterQuery {
  readonly session?: string;
  readonly limit: number;
}

/** What followed from commits and could not be delivered, on a server or in this process. */
export interface DeadLettersClient {
  /** Oldest first. */
  list(query: DeadLetterQuery): Promise<readonly WireDeadLetter[]>;
  settle(id: string, verb: "retry" | "discard"): Promise<void>;
}
