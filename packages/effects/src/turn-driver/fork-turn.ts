import {
  type InputId,
  type InputPart,
  type LogRow,
  loadJsonDigest,
  NO_USAGE,
  PawlError,
  type SessionId,
  type TurnConfig,
  turnId,
  turnIdOfInput,
} from "@pawl/core";
import type { InputRecord, Store } from "@pawl/core/ports";
import type { ForkRequest } from "./environment.ts";
import type { SessionLane } from "./session-lane.ts";
import { loadTurnRecord, type TurnRecord } from "./turn-record.ts";

export interface ForkPlan {
  readonly config: TurnConfig;
  /** Rows with the shared ordinals, of the new turn. `seq` is the driver's to give. */
  readonly rows: readonly Omit<LogRow, "seq">[];
  readonly baseMessages: number;
}

export interface ForkOptions {
  readonly record: TurnRecord;
  /** The last ordinal that is shared; what came after it happens anew. */
  readonly at: number;
  readonly sessionId: SessionId;
  /** Names the new turn. */
  readonly inputId: InputId;
  readonly live: boolean;
  /** Takes the place of what began the turn; only with `at: 0`. */
  readonly parts?: readonly InputPart[];
}

/** What a fork begins with. Pure. @throws PawlError `fork_out_of_range`, `fork_prompt_too_late` */
export function planFork({ record, at, sessionId, inputId, live, parts }: ForkOptions): ForkPlan {
  const inputs = record.rows.filter((row) => row.ordinal !== null);
  const first = inputs[0]?.body;
  if (!Number.isSafeInteger(at) || at < 0 || at >= inputs.length || first?.kind !== "machine_input") {
    const message = `Turn ${record.turnId} has the ordinals 0 to ${inputs.length - 1}: fork it at one of them.`;
    throw new PawlError("fork_out_of_range", message);
  }
  if (parts !== undefined && at > 0) {
    const message =
      "What began a turn can be replaced at ordinal 0 only. Fork there, or send a steering input to the fork.";
    throw new PawlError("fork_prompt_too_late", message);
  }
  const newTurn = turnIdOfInput(inputId);
  const { dryRun: _was, ...config } = record.config;
  const rows = inputs.slice(0, at + 1).map((row, ordinal) => ({
    turnId: newTurn,
    ordinal,
    at: row.at,
    body: ordinal === 0 ? beginBody(row.body) : withoutMessages(row.body),
  }));
  const baseMessages = first.input.type === "begin" ? first.input.base.messages : 0;
  return { rows, baseMessages, config: live ? config : { ...config, dryRun: true } };

  function beginBody(body: LogRow["body"]): LogRow["body"] {
    if (body.kind !== "machine_input" || body.input.type !== "begin" || body.turn === undefined) return body;
    const { turn } = body;
    // It works for nobody: what the original comes to is not its to tell.
    const { parent: _parent, ...input } = body.input;
    const said = parts ?? input.inputs[0]?.parts ?? [];
    return {
      kind: "machine_input",
      input: {
        ...input,
        sessionId,
        turnId: newTurn,
        inputs: [{ inputId, parts: said }],
        base: { revision: 1, messages: input.base.messages },
      },
      turn: { ...turn, forkOf: { sessionId: record.sessionId, turnId: record.turnId, at } },
      events: [{ type: "input.consumed", inputId, boundary: "begin" }],
    };
  }
}

/** What shared calls left for the world outside is the original's to send. */
function withoutMessages(body: LogRow["body"]): LogRow["body"] {
  if (body.kind !== "machine_input" || body.input.type !== "effect_settled") return body;
  const { outcome } = body.input;
  if (outcome.kind !== "tool_call" || outcome.outbox === undefined) return body;
  const { outbox: _outbox, ...quiet } = outcome;
  return { ...body, input: { ...body.input, outcome: quiet } };
}

async function planOf(store: Store<never>, request: ForkRequest, input: InputRecord): Promise<ForkPlan> {
  const { sessionId, inputId, content } = input;
  const record = await loadTurnRecord(store, request.sessionId as SessionId, turnId(request.turnId));
  const parts = request.replacesPrompt ? { parts: content.parts } : {};
  return planFork({ record, at: request.at, live: request.live, sessionId, inputId, ...parts });
}

/**
 * Begins a fork in a session of its own: the source session's transcript up to the turn, then the shared rows. Each of these
 * writes may be the last before a crash: the first is idempotent, and `completeFork` makes up for the others.
 */
export async function beginFork(
  store: Store<never>,
  lane: SessionLane,
  request: ForkRequest,
  input: InputRecord,
): Promise<void> {
  const plan = await planOf(store, request, input);
  const newTurn = turnIdOfInput(input.inputId);
  const transcript = await store.sessions.transcript(request.sessionId as SessionId);
  const messages = transcript.slice(0, plan.baseMessages);
  const configHash = (await loadJsonDigest())(plan.config);
  await lane.exclusive(async (seq) => {
    await store.sessions.commit(lane.fence, {
      runId: turnId(`base_${newTurn}`),
      boundary: "immediate",
      outcome: null,
      usage: NO_USAGE,
      delta: { baseRevision: 0, messages },
      inputIds: [],
    });
    const [first] = plan.rows;
    if (first === undefined) return { used: 0, value: undefined };
    await store.sessions.beginTurn(lane.fence, {
      turnId: newTurn,
      inputIds: [input.inputId],
      configHash,
      config: plan.config,
      row: { ...withConfig(first, configHash), seq },
    });
    return { used: 1, value: undefined };
  });
  await lane.append(plan.rows.slice(1));
}

/** Copies the shared rows that a crash left out. @returns whether there were any */
export async function completeFork(
  store: Store<never>,
  lane: SessionLane,
  rows: readonly LogRow[],
): Promise<boolean> {
  const first = rows[0]?.body;
  const source = first?.kind === "machine_input" ? first.turn?.forkOf : undefined;
  const copied = rows.filter((row) => row.ordinal !== null).length;
  if (
    source === undefined ||
    copied > source.at ||
    first?.kind !== "machine_input" ||
    first.input.type !== "begin"
  ) {
    return false;
  }
  const inputId = first.input.inputs[0]?.inputId;
  if (inputId === undefined) return false;
  const record = await loadTurnRecord(store, source.sessionId as SessionId, turnId(source.turnId));
  const plan = planFork({ record, at: source.at, live: true, sessionId: lane.sessionId, inputId });
  await lane.append(plan.rows.slice(copied));
  return true;
}

function withConfig(row: Omit<LogRow, "seq">, config: string): Omit<LogRow, "seq"> {
  const { body } = row;
  if (body.kind !== "machine_input" || body.turn === undefined) return row;
  return { ...row, body: { ...body, turn: { ...body.turn, config } } };
}
