import type { Log } from "@pawl/core/ports";
import type { MemoryContext } from "./context.ts";
import { conflict } from "./errors.ts";
import { holdSession } from "./fence.ts";
import { checkRows } from "./log-rows.ts";
import type { WrittenRow } from "./memory-state.ts";
import type { Sections } from "./sections.ts";

export function logSections({ state, hints, now }: MemoryContext): Sections<Log> {
  return {
    append(fence, rows) {
      const session = holdSession(state, fence, now());
      if (rows.length === 0) return;
      const turn = session.openTurn;
      if (turn === null)
        throw conflict(`Session "${fence.sessionId}" has no open turn to write rows of (D8).`);
      const fresh = checkRows(session, fence, turn.turnId, rows);
      session.log.push(...fresh);
      if (fresh.length > 0) hints.appended(session.sessionId);
    },

    read(sessionId, query = {}) {
      const { after = 0, turnId, limit = Number.POSITIVE_INFINITY } = query;
      const log = state.sessions.get(sessionId)?.log ?? [];
      const rows = [];
      // Row n stands at index n - 1.
      for (let i = Math.max(0, after); i < log.length && rows.length < limit; i++) {
        const row = log[i]?.row;
        if (row !== undefined && (turnId === undefined || row.turnId === turnId)) rows.push(row);
      }
      return rows;
    },

    grown(sessionId, { after, turnId }) {
      const log = state.sessions.get(sessionId)?.log ?? [];
      const isOf = (one: WrittenRow | null) =>
        one !== null && (turnId === undefined || one.row.turnId === turnId);
      return log.slice(Math.max(0, after)).some(isOf);
    },

    onAppend(sessionId, listener) {
      return hints.onAppend(sessionId, listener);
    },
  };
}
