import {
  inputId,
  type LogBody,
  type LogRow,
  loadJsonDigest,
  type Message,
  type TurnId,
  turnId,
  turnIdOfInput,
} from "@pawl/core";
import type { Boundary, CommitResult, Fence, NewTurn, SessionClaim, Store } from "@pawl/core/ports";
import {
  assistantMessage,
  BEHAVIOUR_NOW,
  COMPLETED,
  config,
  textDelta,
  USAGE,
  userMessage,
} from "./fixtures.ts";

export interface BeginOptions {
  readonly turn?: string;
  readonly behaviour?: string;
  readonly agent?: string;
}

/** A session in the hands of its holder, who numbers the rows of its log. */
export class Held {
  readonly store: Store;
  readonly claim: SessionClaim;
  readonly fence: Fence;
  /** The last number that this holder knows to be taken. */
  head: number;
  /** The turn that this holder works on. */
  turn: TurnId | null;
  /** The inputs with which it began. */
  begunWith: readonly string[] = [];

  constructor(store: Store, claim: SessionClaim) {
    this.store = store;
    this.claim = claim;
    this.fence = claim.fence;
    this.head = claim.logHead;
    this.turn = claim.openTurn;
  }

  /** The turn that these inputs would begin; the first names it. */
  async newTurn(inputs: readonly string[], options: BeginOptions = {}): Promise<NewTurn> {
    const { behaviour = BEHAVIOUR_NOW, agent } = options;
    const ids = inputs.map((id) => inputId(id));
    const id = options.turn === undefined ? turnIdOfInput(ids[0] ?? inputId("none")) : turnId(options.turn);
    const itsConfig = config(agent);
    const configHash = (await loadJsonDigest())(itsConfig);
    const row: LogRow = {
      seq: this.head + 1,
      turnId: id,
      ordinal: 0,
      at: 1_700_000_000_000,
      body: {
        kind: "machine_input",
        input: {
          type: "begin",
          now: 1_700_000_000_000,
          sessionId: this.fence.sessionId,
          turnId: id,
          inputs: ids.map((inputId) => ({ inputId, parts: [{ type: "text", text: inputId }] })),
          base: { revision: 0, messages: 0 },
        },
        turn: { behaviour, config: configHash },
      },
    };
    return { turnId: id, inputIds: ids, configHash, config: itsConfig, row };
  }

  async begin(inputs: readonly string[], options: BeginOptions = {}): Promise<NewTurn> {
    const turn = await this.newTurn(inputs, options);
    await this.store.sessions.beginTurn(this.fence, turn);
    this.turn = turn.turnId;
    this.begunWith = inputs;
    this.head += 1;
    return turn;
  }

  /** The next row, of the turn that it works on, not written yet. */
  row(body: LogBody, more: Partial<LogRow> = {}): LogRow {
    const turn = this.turn ?? turnId("turn_none");
    return { seq: this.head + 1, turnId: turn, ordinal: null, at: 1_700_000_000_001, body, ...more };
  }

  /** Rows of text with the next numbers, not written yet. */
  texts(...texts: readonly string[]): readonly LogRow[] {
    return texts.map((text, index) => this.row(textDelta(text), { seq: this.head + 1 + index }));
  }

  async append(...texts: readonly string[]): Promise<readonly LogRow[]> {
    const rows = this.texts(...texts);
    await this.store.log.append(this.fence, rows);
    this.head += rows.length;
    return rows;
  }

  /** The end of the turn that it works on, with its two messages, on what is there now. */
  async ending(more: Partial<Boundary> = {}): Promise<Boundary> {
    const runId = this.turn ?? turnId("turn_none");
    const record = await this.store.sessions.load(this.fence.sessionId);
    const messages: Message[] = [userMessage(`${runId}.u`), assistantMessage(`${runId}.a`)];
    return {
      runId,
      boundary: "turn_end",
      outcome: COMPLETED,
      usage: USAGE,
      delta: { baseRevision: record?.revision ?? 0, messages },
      inputIds: this.begunWith.map((id) => inputId(id)),
      row: ({ sequence, digest }) => this.row({ kind: "turn_committed", sequence, digest }),
      ...more,
    };
  }

  async commit(more: Partial<Boundary> = {}): Promise<CommitResult> {
    const boundary = await this.ending(more);
    const result = await this.store.sessions.commit(this.fence, boundary);
    if (result.status === "committed") {
      if (boundary.row) this.head += 1;
      if (boundary.boundary === "turn_end") this.turn = null;
    }
    return result;
  }

  /** Ends the turn, which must work. */
  async end(more: Partial<Boundary> = {}) {
    const result = await this.commit(more);
    if (result.status !== "committed")
      throw new Error(`The turn was not committed: ${JSON.stringify(result)}`);
    return result.receipt;
  }

  idle(): Promise<boolean> {
    return this.store.leases.release(this.fence, { type: "idle" });
  }

  park(dueAt?: number): Promise<boolean> {
    return this.store.leases.release(this.fence, { type: "park", ...(dueAt !== undefined && { dueAt }) });
  }

  retry(delayMs: number): Promise<boolean> {
    return this.store.leases.release(this.fence, { type: "retry", delayMs });
  }
}
