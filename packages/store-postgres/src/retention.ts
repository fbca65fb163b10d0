import { PawlError, type PruneKind } from "@pawl/core";
import type { ErasedSession, EraseStep, Retention } from "@pawl/core/ports";
import type { Statement } from "./connection/statement.ts";
import type { StoreContext } from "./context.ts";
import { nullableText, numberColumn } from "./rows/column.ts";
import { erasedSessionOfRow } from "./rows/erased-session-row.ts";
import { condemnSession } from "./statements/condemn-session.ts";
import { countAwaitEvents, countJobs } from "./statements/count-old-rows.ts";
import { eraseSessionRows } from "./statements/erase-session-rows.ts";
import { finishErasure } from "./statements/finish-erasure.ts";
import { loadErasedSession } from "./statements/load-erased-session.ts";
import { loadNodeHeartbeat } from "./statements/load-node-heartbeat.ts";
import {
  countAttachments,
  dropSessionAttachments,
  pruneAttachments,
} from "./statements/prune-attachments.ts";
import { pruneAwaitEvents } from "./statements/prune-await-events.ts";
import { pruneJobs } from "./statements/prune-jobs.ts";
import { countNodes, pruneNodes } from "./statements/prune-nodes.ts";
import { countTasks, pruneTasks } from "./statements/prune-tasks.ts";
import { countTokens, pruneTokens } from "./statements/prune-tokens.ts";
import { countTurns, countTurnText, pruneTurns, pruneTurnText } from "./statements/prune-turn-rows.ts";
import { sealErasedSession } from "./statements/seal-erased-session.ts";
import { takeOverNode } from "./statements/take-over-node.ts";
import { sweep } from "./sweep.ts";

const PRUNE: { readonly [Kind in PruneKind]: { readonly prune: Statement; readonly count: Statement } } = {
  text: { prune: pruneTurnText, count: countTurnText },
  turns: { prune: pruneTurns, count: countTurns },
  waits: { prune: pruneAwaitEvents, count: countAwaitEvents },
  tasks: { prune: pruneTasks, count: countTasks },
  jobs: { prune: pruneJobs, count: countJobs },
  attachments: { prune: pruneAttachments, count: countAttachments },
  nodes: { prune: pruneNodes, count: countNodes },
  tokens: { prune: pruneTokens, count: countTokens },
};

export function postgresRetention({ database, hints, channels }: StoreContext): Retention {
  async function erased(sessionId: string): Promise<ErasedSession | null> {
    const [row] = await database.read(loadErasedSession, [sessionId]);
    return row === undefined ? null : erasedSessionOfRow(row);
  }

  /** A node whose lease ran out is buried by whoever comes next: here that is us (D1). */
  async function bury(nodeId: string): Promise<void> {
    const [row] = await database.read(loadNodeHeartbeat, [nodeId]);
    if (row !== undefined) {
      const where = `Node "${nodeId}"`;
      await database.write(takeOverNode, [
        nodeId,
        numberColumn(row, "generation", where),
        nullableText(row, "nonce", where),
      ]);
    }
    await sweep(database, nodeId, false);
  }

  return {
    async prune({ kind, before, limit }) {
      return (await database.write(PRUNE[kind].prune, [before, Math.max(0, limit)])).length;
    },

    async countPrunable({ kind, before }) {
      const [row] = await database.read(PRUNE[kind].count, [before]);
      return numberColumn(row ?? {}, "count", "A count");
    },

    async erase(sessionId, { limit }): Promise<EraseStep> {
      const [known] = await database.write(condemnSession, [sessionId, channels.work, channels.awaits]);
      if (known === undefined) {
        const session = await erased(sessionId);
        return session === null ? { status: "unknown" } : { status: "erased", session };
      }
      hints.work(sessionId);
      const owner = nullableText(known, "owner_node", `Session "${sessionId}"`);
      if (known.held === true && owner !== null && known.lease_over === true) await bury(owner);
      const sealed = await database.write(sealErasedSession, [sessionId]);
      if (sealed.length === 0) return { status: "busy" };
      const most = Math.max(1, limit);
      const [row] = await database.write(eraseSessionRows, [sessionId, most]);
      const refs = (row?.refs ?? []) as readonly string[];
      if (refs.length > 0) await database.write(dropSessionAttachments, [sessionId, refs]);
      if (numberColumn(row ?? {}, "rows", `Session "${sessionId}"`) > 0) return { status: "erasing" };
      await database.write(finishErasure, [sessionId]);
      const session = await erased(sessionId);
      if (session !== null) return { status: "erased", session };
      throw new PawlError("internal_error", `The tombstone of session "${sessionId}" is gone.`, {
        blame: "pawl",
      });
    },

    erased,
  };
}
