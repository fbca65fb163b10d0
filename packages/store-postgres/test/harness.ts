// What the tests of this package share: stores on one database, and the shortest way to a turn.
import {
  BEHAVIOUR,
  DEFAULT_LIMITS,
  type InputId,
  inputId,
  type LogBody,
  type LogRow,
  type Message,
  NO_USAGE,
  nodeId,
  type SessionId,
  sessionId,
  type TurnConfig,
  type TurnId,
  type TurnOutcome,
  turnIdOfInput,
} from "@pawl/core";
import type {
  Boundary,
  Delivery,
  Fence,
  NewInput,
  NewTurn,
  NodeLease,
  SessionClaim,
  Store,
} from "@pawl/core/ports";
import pg, { type PoolClient } from "pg";
import { type PostgresStoreOptions, postgresStore } from "../src/index.ts";

export type PgStore = Store<PoolClient>;

let counter = 0;
/** A name that no other test of this run has. */
export function fresh(what: string): string {
  counter += 1;
  return `${what}_${process.pid}_${counter}`;
}

/** Connections for looking into the database; one that the end of the test cuts off harms nobody. */
export function adminPool(url: string, max = 2, options: pg.PoolConfig = {}): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max, ...options });
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  return pool;
}

export async function openStore(url: string, options: Partial<PostgresStoreOptions> = {}): Promise<PgStore> {
  const store = postgresStore({ url, listenUrl: false, poolSize: 6, ...options } as PostgresStoreOptions);
  await store.open();
  return store;
}

export function newInput(session: SessionId, over: Partial<NewInput> = {}): NewInput {
  return {
    inputId: inputId(fresh("in")),
    sessionId: session,
    content: { parts: [{ type: "text", text: "hello" }] },
    delivery: "next" as Delivery,
    ...over,
  };
}

export const CONFIG: TurnConfig = {
  version: 1,
  protocol: "standard",
  agent: { name: "test" },
  tools: [],
  limits: DEFAULT_LIMITS,
  refreshTools: "turn",
};

export function beginRow(turn: TurnId, session: SessionId, seq: number): LogRow {
  return {
    seq,
    turnId: turn,
    ordinal: 0,
    at: 1000,
    body: {
      kind: "machine_input",
      input: {
        type: "begin",
        now: 1000,
        sessionId: session,
        turnId: turn,
        inputs: [],
        base: { revision: 0, messages: 0 },
      },
      turn: { behaviour: BEHAVIOUR, config: "hash-1" },
    },
  };
}

export function deltaRow(turn: TurnId, seq: number, text = `text ${seq}`): LogRow {
  const body: LogBody = { kind: "text_delta", effectId: "e1" as never, attempt: 0, text };
  return { seq, turnId: turn, ordinal: null, at: 1000 + seq, body };
}

export function newTurn(session: SessionId, input: InputId, seq: number): NewTurn {
  const turnId = turnIdOfInput(input);
  return {
    turnId,
    inputIds: [input],
    configHash: "hash-1",
    config: CONFIG,
    row: beginRow(turnId, session, seq),
  };
}

export interface Held {
  readonly session: SessionId;
  readonly input: InputId;
  readonly node: NodeLease;
  readonly claim: SessionClaim;
  readonly fence: Fence;
}

export interface OpenTurn extends Held {
  readonly turn: TurnId;
}

/** A session with one queued input, claimed by a node of its own. */
export async function heldSession(
  store: PgStore,
  options: { node?: NodeLease; ttlMs?: number } = {},
): Promise<Held> {
  const session = sessionId(fresh("s"));
  const { input } = await store.inbox.accept(newInput(session));
  const node =
    options.node ?? (await store.leases.openNode(nodeId(fresh("n")), { ttlMs: options.ttlMs ?? 60_000 }));
  const claim = await claimOne(store, node, session);
  return { session, input: input.inputId, node, claim, fence: claim.fence };
}

export async function claimOne(store: PgStore, node: NodeLease, session: SessionId): Promise<SessionClaim> {
  const [claim] = await store.leases.claim(node, { sessionId: session, limit: 1, behaviours: [BEHAVIOUR] });
  if (claim === undefined) throw new Error(`Session ${session} could not be claimed.`);
  return claim;
}

/** A turn that has begun; its begin row has number 1. */
export async function openTurn(
  store: PgStore,
  options: { node?: NodeLease; ttlMs?: number } = {},
): Promise<OpenTurn> {
  const held = await heldSession(store, options);
  const turn = newTurn(held.session, held.input, held.claim.logHead + 1);
  await store.sessions.beginTurn(held.fence, turn);
  return { ...held, turn: turn.turnId };
}

export function message(id: string, text: string): Message {
  return { id, role: "assistant", parts: [{ type: "text", text }] };
}

export function turnEnd(
  open: OpenTurn,
  over: Partial<Boundary> & { seq?: number; outcome?: TurnOutcome } = {},
): Boundary {
  const { seq = 2, ...rest } = over;
  return {
    runId: open.turn,
    boundary: "turn_end",
    outcome: { status: "completed", text: "done" },
    usage: NO_USAGE,
    delta: { baseRevision: 0, messages: [message("m1", "done")] },
    inputIds: [open.input],
    row: (receipt) => ({
      seq,
      turnId: open.turn,
      ordinal: null,
      at: 5000,
      body: { kind: "turn_committed", sequence: receipt.sequence, digest: receipt.digest },
    }),
    ...rest,
  };
}
