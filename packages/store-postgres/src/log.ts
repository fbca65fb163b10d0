import type { LogRow, SessionId, TurnId } from "@pawl/core";
import type { Fence, Log, LogQuery } from "@pawl/core/ports";
import { storedRunOf } from "./append-checks.ts";
import { SharedReads } from "./connection/shared-reads.ts";
import type { StoreContext } from "./context.ts";
import { fenced } from "./errors.ts";
import { fenceValues } from "./fence-values.ts";
import { logRowsOf } from "./rows/log-row.ts";
import { checkFence } from "./statements/check-fence.ts";
import { findGrownLogs } from "./statements/find-grown-logs.ts";
import { readLogRows } from "./statements/read-log-rows.ts";

export function postgresLog(context: StoreContext): Log {
  const { database, groupCommit, hints } = context;
  const growths = new SharedReads<{ sessionId: SessionId; after: number; turnId: TurnId | null }>({
    database,
    statement: findGrownLogs,
    values: (asked) => [
      asked.map(({ sessionId }) => sessionId),
      asked.map(({ after }) => after),
      asked.map(({ turnId }) => turnId),
    ],
  });
  return {
    async append(fence: Fence, rows: readonly LogRow[]): Promise<void> {
      if (rows.length === 0) {
        const holders = await database.read(checkFence, fenceValues(fence));
        if (holders.length === 0) throw fenced(fence.sessionId);
        return;
      }
      await groupCommit.append(fence, storedRunOf(rows[0]!.turnId, rows));
    },

    async read(sessionId: SessionId, query: LogQuery = {}): Promise<readonly LogRow[]> {
      const { after = 0, turnId = null, limit = null } = query;
      const rows = await database.read(readLogRows, [sessionId, after, turnId, limit]);
      const found = logRowsOf(rows, after);
      // A row that holds several may end behind the limit.
      return limit === null ? found : found.slice(0, Math.max(0, limit));
    },

    grown: async (sessionId, { after, turnId = null }) =>
      (await growths.read({ sessionId, after, turnId })) !== undefined,

    onAppend(sessionId: SessionId, listener: () => void): () => void {
      return hints.onAppend(sessionId, listener);
    },
  };
}
