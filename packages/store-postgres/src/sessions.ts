import { PawlError } from "@pawl/core";
import type { CancelRequest, Fence, NewTurn, Sessions } from "@pawl/core/ports";
import { rowMisfit } from "./append-checks.ts";
import { commit } from "./commit.ts";
import { commitLifecycle } from "./commit-lifecycle.ts";
import type { Row } from "./connection/database.ts";
import { isAssertionFailure } from "./connection/retryable-codes.ts";
import { readsOf } from "./connection/shared-reads.ts";
import { type SharedWrite, SharedWrites } from "./connection/shared-writes.ts";
import type { StoreContext } from "./context.ts";
import { conflict, fenced } from "./errors.ts";
import { fenceValues, holderOf } from "./fence-values.ts";
import { ownerValues } from "./owner-values.ts";
import { begunTurnOfRow } from "./rows/begun-turn-row.ts";
import { numberColumn } from "./rows/column.ts";
import { countsOfRow } from "./rows/counts-row.ts";
import { readableRows } from "./rows/decoded-column.ts";
import { STORED_LOG_VERSION, type StoredLogRow, storedLogRow } from "./rows/log-row.ts";
import { messagesOfRows } from "./rows/message-rows.ts";
import {
  cancelOfRow,
  committedTurnOfRow,
  configOfRow,
  outcomeOfRow,
  receiptOfRow,
  runtimeStateOfRow,
  sessionOfRow,
} from "./rows/session-row.ts";
import { beginTurn } from "./statements/begin-turn.ts";
import { beginTurns } from "./statements/begin-turns.ts";
import { countOwnedSessions, countSessions } from "./statements/count-sessions.ts";
import { listOwnedSessions } from "./statements/list-owned-sessions.ts";
import { listReceipts } from "./statements/list-receipts.ts";
import { listSessions } from "./statements/list-sessions.ts";
import { loadBoundaryReceipt } from "./statements/load-boundary-receipt.ts";
import { loadCommittedTurn } from "./statements/load-committed-turn.ts";
import { loadConfig } from "./statements/load-config.ts";
import { loadPendingCancel } from "./statements/load-pending-cancel.ts";
import { loadSession } from "./statements/load-session.ts";
import { readRuntimeState } from "./statements/read-runtime-state.ts";
import { readSnapshot } from "./statements/read-snapshot.ts";
import { readTranscript } from "./statements/read-transcript.ts";
import { requestCancel } from "./statements/request-cancel.ts";
import { setPaused } from "./statements/set-paused.ts";
import { storableJson } from "./storable.ts";

/** Configurations that this process knows to be stored and does not send again. */
const MOST_KNOWN_CONFIGS = 1000;

export function postgresSessions(context: StoreContext): Sessions {
  const { database, groupCommit, begun, hints, channels } = context;
  const knownConfigs = new Set<string>();
  const loads = readsOf(database, loadSession);
  const ends = readsOf(database, loadCommittedTurn);
  const cancels = readsOf(database, loadPendingCancel);
  const begins = new SharedWrites({
    database,
    statement: beginTurns,
    values: [STORED_LOG_VERSION],
    keyOf: ({ session_id }) => String(session_id),
  });

  return {
    async load(sessionId) {
      const row = await loads.read(sessionId);
      return row === undefined ? null : sessionOfRow(row);
    },

    async list({ limit, owner }) {
      const most = Math.max(0, limit);
      const rows =
        owner === undefined
          ? await database.read(listSessions, [most])
          : await database.read(listOwnedSessions, [most, ...ownerValues(owner)]);
      return readableRows(rows, sessionOfRow, context.logger);
    },

    async loadSessionSnapshot(sessionId) {
      const rows = await database.read(readSnapshot, [sessionId]);
      const [first] = rows;
      if (first === undefined) return null;
      const revision = numberColumn(first, "revision", `Session "${sessionId}"`);
      const said = rows.filter((row) => row.position !== null);
      const messages = messagesOfRows(said, sessionId);
      return { revision, messages };
    },

    async loadRuntimeState(sessionId) {
      const [row] = await database.read(readRuntimeState, [sessionId]);
      return row === undefined ? null : runtimeStateOfRow(row, sessionId);
    },

    async persistRuntimeState(sessionId, state) {
      await commitLifecycle(context, sessionId, state, []);
    },

    commitLifecycle: (sessionId, state, inputs = []) => commitLifecycle(context, sessionId, state, inputs),

    async setPaused(sessionId, paused) {
      const rows = await database.write(setPaused, [sessionId, paused, channels.work]);
      return rows.length > 0;
    },

    async counts({ owner } = {}) {
      const [row = {}] =
        owner === undefined
          ? await database.read(countSessions, [])
          : await database.read(countOwnedSessions, [...ownerValues(owner)]);
      return countsOfRow(row);
    },

    async transcript(sessionId, from = 0) {
      const rows = await database.read(readTranscript, [sessionId, from]);
      return messagesOfRows(rows, sessionId, from);
    },

    async beginTurn(fence, turn) {
      if (new Set(turn.inputIds).size !== turn.inputIds.length) {
        throw conflict("An input can begin a turn only once.");
      }
      const row = storedLogRow(turn.row);
      if (turn.row.turnId !== turn.turnId) throw conflict(`Row ${row.seq} is not of turn "${turn.turnId}".`);
      const { body } = turn.row;
      const first = body.kind === "machine_input" ? body.turn : undefined;
      const config = knownConfigs.has(turn.configHash)
        ? null
        : storableJson(turn.config, "The configuration");
      await groupCommit.settle(fence.sessionId);
      const begunTurn = (answer: Row) => {
        groupCommit.follow(fence, row.seq + 1);
        begun.remember(fence, begunTurnOfRow(answer, turn.turnId, fence.sessionId));
        hints.appended(fence.sessionId);
      };
      // Several turns of a burst begin together, where all of them are as usual (SW1).
      const usual = config === null ? usualBegin(fence, turn, row) : undefined;
      const landed = usual && (await begins.write(usual));
      if (landed !== undefined) return begunTurn(landed);
      const values = [
        ...fenceValues(fence),
        turn.turnId,
        [...turn.inputIds],
        turn.configHash,
        config,
        first?.behaviour ?? null,
        row.seq,
        row.ordinal,
        row.at,
        row.body,
        STORED_LOG_VERSION,
        first?.forkOf?.turnId ?? null,
      ];
      const [answer] = await database.write(beginTurn, values).catch((error: unknown) => {
        if (!(error instanceof PawlError && isAssertionFailure(error.cause))) throw error;
        throw conflict(
          `Turn "${turn.turnId}" cannot begin: its id was used before, or an input of it is not queued in "${fence.sessionId}".`,
        );
      });
      if (answer?.held !== true) throw fenced(fence.sessionId);
      if (answer.done !== true && answer.stored !== true) {
        if (answer.open_turn !== null) {
          throw conflict(`Turn "${answer.open_turn}" of "${fence.sessionId}" is open: end it first.`);
        }
        throw rowMisfit(fence.sessionId, row.seq, answer.head as number);
      }
      if (knownConfigs.size >= MOST_KNOWN_CONFIGS) knownConfigs.clear();
      knownConfigs.add(turn.configHash);
      if (answer.done === true) return begunTurn(answer);
      groupCommit.follow(fence, row.seq + 1);
      hints.appended(fence.sessionId);
    },

    async loadConfig(hash) {
      const [row] = await database.read(loadConfig, [hash]);
      return row === undefined ? null : configOfRow(row, hash);
    },

    commit: (fence, boundary) => commit(context, fence, boundary),

    async loadBoundaryReceipt(sessionId, runId, sequence) {
      const [row] = await database.read(loadBoundaryReceipt, [sessionId, runId, sequence]);
      return row === undefined ? null : receiptOfRow(row, `Receipt ${sequence} of run "${runId}"`);
    },

    async loadCommitted(turnId) {
      const row = await ends.read(turnId);
      return row === undefined ? null : committedTurnOfRow(row, turnId);
    },

    async receipts(sessionId) {
      const rows = await database.read(listReceipts, [sessionId]);
      return rows.map((row, index) => receiptOfRow(row, `Receipt ${index} of "${sessionId}"`));
    },

    async requestCancel(turnId, request): Promise<CancelRequest> {
      const { requestId, origin, reason } = request;
      storableJson([requestId, origin, reason ?? null], "The cancel request");
      const values = [turnId, requestId, origin, reason ?? null, channels.work];
      const [row] = await database.write(requestCancel, values);
      if (row === undefined) return { status: "unknown" };
      if (row.outcome !== null) {
        const outcome = outcomeOfRow(row, turnId);
        return outcome.status === "cancelled"
          ? { status: "already_requested", evidence: outcome.evidence }
          : { status: "completion_won", outcome };
      }
      const evidence = cancelOfRow(row, turnId);
      if (row.won !== true) return { status: "already_requested", evidence };
      hints.work(row.session_id as Fence["sessionId"]);
      return { status: "requested", evidence };
    },

    async pendingCancel(turnId) {
      const row = await cancels.read(turnId);
      return row === undefined ? null : cancelOfRow(row, turnId);
    },
  };
}

/** As `begin_turns` reads it. Undefined: something of it is not as usual. */
function usualBegin(fence: Fence, turn: NewTurn, row: StoredLogRow): SharedWrite | undefined {
  const { body } = turn.row;
  const [inputId, another] = turn.inputIds;
  const facts = body.kind === "machine_input" ? body.turn : undefined;
  if (inputId === undefined || another !== undefined || facts?.forkOf !== undefined) return undefined;
  return {
    key: fence.sessionId,
    row: {
      ...holderOf(fence),
      turnId: turn.turnId,
      inputId,
      configHash: turn.configHash,
      behaviour: facts?.behaviour ?? null,
      seq: row.seq,
      ordinal: row.ordinal,
      at: row.at,
      body: row.body,
    },
    characters: row.body.length,
  };
}
