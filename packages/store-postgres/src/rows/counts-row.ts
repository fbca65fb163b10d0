import type { SessionCounts } from "@pawl/core/ports";
import type { Row } from "../connection/database.ts";
import { numberColumn } from "./column.ts";

export function countsOfRow(row: Row): SessionCounts {
  const column = (name: string) => numberColumn(row, name, "The counts of sessions");
  return {
    sessions: column("sessions"),
    runningTurns: column("running"),
    parkedTurns: column("parked"),
    blockedTurns: column("blocked"),
    queuedInputs: column("queued"),
    oldestDueMs: Math.max(0, column("oldest_due_ms")),
  };
}
