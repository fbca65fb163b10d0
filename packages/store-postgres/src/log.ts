import type { LogRow, SessionId } from "@pawl/core";
import type { Fence, Log, LogQuery } from "@pawl/core/ports";
import type { StoreContext } from "./context.ts";
import { conflict, fenced } from "./errors.ts";
import { fenceValues } from "./fence-values.ts";
import { logRowOfRow, storedLogRow } from "./rows/log-row.ts";
import { checkFence } from "./statements/check-fence.ts";
import { readLogRows } from "./statements/read-log-rows.ts";

export function postgresLog(context: StoreContext): Log {
  const { database, groupCommit, hints } = context;
  return {
    async append(fence: Fence, rows: readonly LogRow[]): Promise<void> {
      if (rows.length === 0) {
        const holders = await database.read(checkFence, fenceValues(fence));
        if (holders.length === 0) throw fenced(fence.sessionId);
        return;
      }
      const stored = rows.map(storedLogRow);
      const first = stored[0]!;
      for (const [index, row] of stored.entries()) {
        if (row.turnId !== first.turnId) {
          throw conflict(`Row ${row.seq} is of turn "${row.turnId}", which is not the open one.`);
        }
        if (row.seq !== first.seq + index)
          throw conflict(`Row ${row.seq} would leave a gap, or is given twice.`);
      }
      await groupCommit.append(fence, stored);
    },

    async read(sessionId: SessionId, query: LogQuery = {}): Promise<readonly LogRow[]> {
      const { after = 0, turnId = null, limit = null } = query;
      const rows = await database.read(readLogRows, [sessionId, after, turnId, limit]);
      return rows.map(logRowOfRow);
    },

    onAppend(sessionId: SessionId, listener: () => void): () => void {
      return hints.onAppend(sessionId, listener);
    },
  };
}
