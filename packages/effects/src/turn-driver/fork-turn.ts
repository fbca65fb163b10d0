import {
  type InputId,
  type InputPart,
  type LogRow,
  loadJsonDigest,
  type Message,
  NO_USAGE,
  PawlError,
  type SessionId,
  type TurnConfig,
  turnId,
  turnIdOfInput,
} from "@pawl/core";
import type { Fence, Store } from "@pawl/core/ports";
import type { TurnRecord } from "./turn-record.ts";

export interface ForkPlan {
  readonly config: TurnConfig;
  readonly rows: readonly LogRow[];
}

export interface ForkOptions {
  readonly record: TurnRecord;
  /** The last ordinal that is shared; what came after it happens anew. */
  readonly at: number;
  readonly sessionId: SessionId;
  /** Names the new turn. */
  readonly inputId: InputId;
  /** Performs what may change the world. Without it the fork is a dry run. */
  readonly live?: boolean;
  /** Replaces what began the turn; only with `at: 0`. */
  readonly parts?: readonly InputPart[];
}

/** The rows of a turn that shares a recorded one's prefix. Pure. @throws PawlError `fork_out_of_range`, `fork_prompt_too_late` */
export function planFork({ record, at, sessionId, inputId, live, parts }: ForkOptions): ForkPlan {
  const inputs = record.rows.filter((row) => row.ordinal !== null);
  if (!Number.isSafeInteger(at) || at < 0 || at >= inputs.length) {
    throw new PawlError(
      "fork_out_of_range",
      `Turn ${record.turnId} has the ordinals 0 to ${inputs.length - 1}: fork at one of them.`,
    );
  }
  if (parts !== undefined && at > 0) {
    throw new PawlError(
      "fork_prompt_too_late",
      "The prompt can be replaced at ordinal 0 only. Send a steering input to the fork instead.",
    );
  }
  const newTurn = turnIdOfInput(inputId);
  const { dryRun: _was, ...config } = record.config;
  const rows = inputs.slice(0, at + 1).map((row, index): LogRow => {
    const { body } = row;
    const moved = { ...row, seq: index + 1, turnId: turnId(newTurn) };
    if (body.kind !== "machine_input" || body.input.type !== "begin") return moved;
    const { input } = body;
    const begin = input.inputs[0];
    return {
      ...moved,
      body: {
        ...body,
        input: {
          ...input,
          sessionId,
          turnId: newTurn,
          inputs: begin === undefined ? [] : [{ inputId, parts: parts ?? begin.parts }],
          base: { revision: 1, messages: input.base.messages },
        },
        events: [],
      },
    };
  });
  return { rows, config: live ? config : { ...config, dryRun: true } };
}

/**
 * Puts a fork into a session of its own and leaves it open: whoever claims that session drives it on from there.
 * `fence` must hold the new session, in whose inbox the input `inputId` is queued.
 */
export async function beginFork(
  store: Store<never>,
  fence: Fence,
  plan: ForkPlan,
  base: readonly Message[],
  inputId: InputId,
): Promise<void> {
  const [first, ...rest] = plan.rows;
  if (first === undefined) return;
  const runId = turnId(`base_${first.turnId}`);
  await store.sessions.commit(fence, {
    runId,
    boundary: "immediate",
    outcome: null,
    usage: NO_USAGE,
    delta: { baseRevision: 0, messages: base },
    inputIds: [],
  });
  const hash = (await loadJsonDigest())(plan.config);
  await store.sessions.beginTurn(fence, {
    turnId: first.turnId,
    inputIds: [inputId],
    configHash: hash,
    config: plan.config,
    row: withConfig(first, hash),
  });
  if (rest.length > 0) await store.log.append(fence, rest);
}

function withConfig(row: LogRow, config: string): LogRow {
  const { body } = row;
  if (body.kind !== "machine_input" || body.turn === undefined) return row;
  return { ...row, body: { ...body, turn: { ...body.turn, config } } };
}
