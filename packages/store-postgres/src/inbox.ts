import { PawlError } from "@pawl/core";
import type { Inbox, InputRecord } from "@pawl/core/ports";
import { claimedAcceptor } from "./accept-claimed.ts";
import { acceptEarly } from "./accept-early.ts";
import { acceptQueued } from "./accept-queued.ts";
import { appendedRow, checkRun, rowMisfit, storedRunOf } from "./append-checks.ts";
import type { Queryable, Row } from "./connection/database.ts";
import { storeFailure } from "./connection/failure.ts";
import { InputFlush } from "./connection/input-flush.ts";
import { isAssertionFailure } from "./connection/retryable-codes.ts";
import { readsOf, SharedReads } from "./connection/shared-reads.ts";
import type { StoreContext } from "./context.ts";
import { enterInput, entryOf } from "./enter-input.ts";
import { conflict, fenced } from "./errors.ts";
import { fenceValues, type Holder, holderOf } from "./fence-values.ts";
import { persistInputState } from "./input-ledger.ts";
import { inputLedgerOfRow } from "./rows/input-ledger-row.ts";
import { inputOfRow } from "./rows/input-row.ts";
import { joinedRows, lastRowOf, STORED_LOG_VERSION, storedLogRow } from "./rows/log-row.ts";
import { isInterrupted } from "./statements/is-interrupted.ts";
import { listInputs } from "./statements/list-inputs.ts";
import { listSteeringInputs } from "./statements/list-steering-inputs.ts";
import { loadInput } from "./statements/load-input.ts";
import { loadInputState } from "./statements/load-input-state.ts";
import { loadInputStates } from "./statements/load-input-states.ts";
import { nextInput } from "./statements/next-input.ts";
import { settleInputs } from "./statements/settle-inputs.ts";
import { stageSteeringInputs } from "./statements/stage-steering-inputs.ts";

/** A caller's transaction: anything of `pg` that has `query`. */
export type PostgresTransaction = Queryable;

export function postgresInbox(context: StoreContext): Inbox<PostgresTransaction> {
  const { database, groupCommit, begun, hints } = context;
  const flush = new InputFlush(database);
  const claimed = claimedAcceptor(context, flush);
  const loads = readsOf(database, loadInput);
  const nexts = new SharedReads<Holder>({
    database,
    statement: nextInput,
    values: (asked) => [JSON.stringify(asked)],
  });
  return {
    async accept(given, options) {
      const { tx, claim } = options ?? {};
      if (given.queue !== undefined) return acceptQueued(context, given, tx);
      if (claim !== undefined && tx === undefined && given.delivery === "next" && given.at === undefined) {
        const { accepted, repeated } = await claimed.accept(given, claim);
        return accepted ?? acceptEarly(context, flush, given, repeated);
      }
      if (tx === undefined) return acceptEarly(context, flush, given);
      // What fails in the caller's transaction fails with it; nothing is repeated there.
      const accepted = await enterInput(entryOf(context, given), async (statement, values) => ({
        rows: await database.runWithin(tx, statement, values),
        repeated: false,
      }));
      // Then its commit waits for the disk, though nothing else was written in it.
      if (accepted.duplicate) await database.runWithin(tx, settleInputs, [[accepted.input.inputId]]);
      return accepted;
    },

    async next(fence) {
      const row = await nexts.read(holderOf(fence));
      if (row?.held !== true) throw fenced(fence.sessionId);
      return row.input_id === null ? null : inputOfRow(row);
    },

    async checkpoint(fence, turnId, build, before = []) {
      const built = (inputs: readonly InputRecord[]) => {
        // A copy: what the builder does to it is nobody's business.
        const row = build(inputs.length === 0 ? [] : structuredClone(inputs));
        checkRun(turnId, [row], before.at(-1)?.seq);
        return row;
      };
      checkRun(turnId, before);
      // Detached from the caller before anything is waited for.
      const withoutInput = built([]);
      const together = joinedRows([...before, withoutInput]);
      await groupCommit.settle(fence.sessionId);
      // Most checkpoints find nothing: then the row is like any other, and the statement that writes it does the looking.
      if (await groupCommit.appendUnlessSteered(fence, together)) {
        // Those who wrote it know it; whoever asks all the same gets what was stored.
        return {
          inputs: [],
          get row() {
            return lastRowOf(together.at(-1)!);
          },
        };
      }
      if (before.length > 0) await groupCommit.append(fence, storedRunOf(turnId, before));
      for (;;) {
        const rows = await database.read(listSteeringInputs, fenceValues(fence));
        if (rows[0]?.held !== true) throw fenced(fence.sessionId);
        if (rows[0].open_turn !== turnId) {
          throw conflict(`Turn "${turnId}" is not the open turn of "${fence.sessionId}" (D8).`);
        }
        const inputs = rows
          .filter((row) => row.input_id !== null)
          .map((row): InputRecord => ({ ...inputOfRow(row), state: "staged", turnId }));
        const row = built(inputs);
        const stored = storedLogRow(row);
        if (inputs.length === 0) {
          await groupCommit.append(fence, [stored]);
          return { inputs, row: appendedRow(row) };
        }
        begun.forget(fence.sessionId);
        const ids = inputs.map((input) => input.inputId);
        const values = [
          ...fenceValues(fence),
          turnId,
          ids,
          stored.seq,
          stored.ordinal,
          stored.at,
          stored.body,
          STORED_LOG_VERSION,
        ];
        let answer: Row | undefined;
        try {
          [answer] = await database.write(stageSteeringInputs, values);
        } catch (error) {
          // Somebody took one of them back (a cancelled or superseded input): look again.
          if (error instanceof PawlError && isAssertionFailure(error.cause)) continue;
          throw storeFailure(error, "write", stageSteeringInputs.name);
        }
        if (answer?.held !== true) throw fenced(fence.sessionId);
        if (answer.done !== true && answer.stored !== true) {
          throw rowMisfit(fence.sessionId, stored.seq, answer.head as number);
        }
        groupCommit.follow(fence, stored.seq + 1);
        hints.appended(fence.sessionId);
        return { inputs, row: appendedRow(row) };
      }
    },

    async isInterrupted(id) {
      const [row] = await database.read(isInterrupted, [id]);
      return row?.interrupted === true;
    },

    async loadInputStates(id) {
      return (await database.read(loadInputStates, [id])).map(inputLedgerOfRow);
    },

    async loadInputState(id) {
      const [row] = await database.read(loadInputState, [id]);
      return row === undefined ? null : inputLedgerOfRow(row);
    },

    persistInputState: (state, { fence } = {}) => persistInputState(context, state, fence),

    async load(id) {
      const row = await loads.read(id);
      return row === undefined ? null : inputOfRow(row);
    },

    async list(id) {
      return (await database.read(listInputs, [id])).map(inputOfRow);
    },
  };
}
