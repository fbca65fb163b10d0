import type { LogBody, LogRow, TurnId } from "@pawl/core";
import type { WrittenRow } from "./memory-state.ts";

/**
 * Deletes rows of a turn that has ended: each run of them is replaced by one row that stands where its last one stood and says how
 * many there were. A turn's last row, its commit, stays. Row n keeps its place at index n - 1.
 */
export function pruneRows(log: (WrittenRow | null)[], turnId: TurnId, what: "text" | "turn"): void {
  let run: number[] = [];
  let rows = 0;
  const close = () => {
    const last = run.at(-1);
    const written = last === undefined ? null : log[last];
    if (last !== undefined && written) {
      for (const index of run) log[index] = null;
      const body: LogBody = Object.freeze({ kind: "pruned", what, rows });
      const row: LogRow = Object.freeze({ ...written.row, ordinal: null, body });
      log[last] = Object.freeze({ row, writer: written.writer });
    }
    run = [];
    rows = 0;
  };
  for (const [index, written] of log.entries()) {
    // What an earlier pruning left stands for the rows before it.
    if (written === null) continue;
    if (written.row.turnId !== turnId || !isPruned(written.row.body, what)) {
      close();
      continue;
    }
    run.push(index);
    rows += written.row.body.kind === "pruned" ? written.row.body.rows : 1;
  }
  close();
}

function isPruned({ kind }: LogBody, what: "text" | "turn"): boolean {
  if (what === "turn") return kind !== "turn_committed";
  return kind === "text_delta" || kind === "attempt_reset";
}
