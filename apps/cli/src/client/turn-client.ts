import type { Json, JsonObject } from "@pawl/core";
import type { Delivery } from "@pawl/core/ports";
import type {
  GrantBody,
  LimitsBody,
  WireAnswered,
  WireCancel,
  WireEvent,
  WireSession,
  WireTurn,
  WireTurnResult,
} from "@pawl/http";

export interface AttachedFile {
  readonly type: "file" | "image";
  readonly name: string;
  readonly mediaType: string;
  readonly data: Uint8Array<ArrayBuffer>;
}

export interface NewTurn {
  readonly sessionId: string;
  readonly content: string;
  /** Default `next`: a turn of its own. */
  readonly delivery?: Delivery;
  /** The same key and input again is the same turn. */
  readonly idempotencyKey?: string;
  /** Not before this time, milliseconds since the epoch. */
  readonly at?: number;
  readonly files?: readonly AttachedFile[];
  /** JSON Schema of the answer. */
  readonly outputSchema?: JsonObject;
  readonly agent?: string;
  readonly model?: string;
  readonly environment?: Json;
  /** Names of tools whose calls need somebody's approval. */
  readonly ask?: readonly string[];
  /** Where the agent's are tighter, those hold. */
  readonly limits?: LimitsBody;
}

export interface NewFork {
  readonly at: number;
  readonly live: boolean;
  readonly prompt?: string;
  readonly sessionId?: string;
  /** So that asking again after a lost answer begins no second one. */
  readonly idempotencyKey: string;
}

export type SessionVerb = "retire" | "stop" | "destroy" | "pause" | "resume";

/** What the commands need of turns, whether they run on a server or in this process. */
export interface TurnClient {
  /** True when programs that the turn starts run on this machine, so that this folder means the same to them. */
  readonly sameMachine: boolean;
  /** Begins a turn that shares the inputs of `turnId` up to an ordinal. */
  fork(turnId: string, fork: NewFork): Promise<{ readonly sessionId: string; readonly turnId: string }>;
  send(turn: NewTurn): Promise<{ readonly sessionId: string; readonly turnId: string }>;
  /** Past and coming, without gap or repeat, whatever happens to the connection; ends after `turn.committed`. */
  events(turnId: string, signal: AbortSignal): AsyncIterable<WireEvent>;
  /** Of a session, past and coming, until `signal` aborts. */
  sessionEvents(sessionId: string, signal: AbortSignal): AsyncIterable<WireEvent>;
  sessionLife(sessionId: string, verb: SessionVerb): Promise<WireSession>;
  /** Tops up the budget that the turn waits for. */
  grant(turnId: string, body: GrantBody): Promise<WireAnswered>;
  /** Resolves when the turn does not move any more. */
  result(turnId: string, signal: AbortSignal): Promise<WireTurnResult>;
  explain(turnId: string): Promise<WireTurn>;
  cancel(turnId: string, reason: string | undefined): Promise<WireCancel>;
  close(): Promise<void>;
}
