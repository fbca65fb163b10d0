import type { ErrorFacts } from "../errors.ts";
import type { NodeId, ProcessId, SessionId } from "../ids.ts";
import type { Json, JsonObject } from "../json.ts";

/** Version of the events of background tasks and of the records that are folded from them. */
export const PROCESS_VERSION = 1;

/**
 * What may be done after a crash of whoever runs it; declared at registration, never guessed.
 *
 * - `rerunnable`: the body is entered again, and its recorded steps are not performed again.
 * - `owner_bound`: after its first start nobody runs it again; when that owner is gone it is `abandoned`.
 * - `external`: somebody else runs it and reports; no node of ours ever does.
 */
export type RecoveryDisposition = "rerunnable" | "owner_bound" | "external";

/** A signal that a process takes. Others are refused. */
export interface SignalDeclaration {
  readonly name: string;
  /** JSON Schema of its payload. */
  readonly schema: JsonObject;
}

/** Which session is told, and of what: always of the end, and of progress that says so. */
export interface WakeTarget {
  readonly sessionId: SessionId;
}

/** Everything that is fixed when a process is made. */
export interface ProcessRegistration {
  readonly processId: ProcessId;
  /** Under which the body is registered on the nodes that can run it. */
  readonly name: string;
  readonly input: Json;
  readonly disposition: RecoveryDisposition;
  readonly signals: readonly SignalDeclaration[];
  readonly wake: WakeTarget | null;
}

/** One generation of a node: the process of the operating system that ran a body. */
export interface ProcessOwner {
  readonly nodeId: NodeId;
  readonly generation: number;
}

/** Why nobody can say how a process ended. The passing of time alone is never a reason. */
export type AbandonEvidence =
  /** The store no longer knows the owner that had started it. Written by whoever claimed it after that. */
  | { readonly type: "owner_gone"; readonly owner: ProcessOwner }
  /** The owner itself gave it up, for instance because its node stopped. */
  | { readonly type: "owner_left"; readonly owner: ProcessOwner; readonly reason: string }
  /** For external processes: a person or system that is answerable for it says so. */
  | { readonly type: "reported"; readonly by: string; readonly note?: string };

/** How a process ended. */
export type ProcessEnd =
  | { readonly type: "completed"; readonly output: Json }
  | { readonly type: "failed"; readonly error: ErrorFacts }
  /** Its body ended because somebody asked for it. */
  | { readonly type: "cancelled" }
  | { readonly type: "abandoned"; readonly evidence: AbandonEvidence };

/** What is appended to the log of a process. */
export type ProcessEventBody =
  | { readonly type: "registered"; readonly registration: ProcessRegistration }
  | { readonly type: "grant_added"; readonly sessionId: SessionId }
  | { readonly type: "grant_revoked"; readonly sessionId: SessionId }
  | { readonly type: "transferred"; readonly from: SessionId; readonly to: SessionId }
  /** An owner enters the body. */
  | { readonly type: "started"; readonly attempt: number; readonly owner: ProcessOwner }
  /** The owner left it in good order, to be gone on with elsewhere. */
  | { readonly type: "left"; readonly owner: ProcessOwner }
  | { readonly type: "step_done"; readonly stepId: string; readonly value: Json }
  /** `ordinal` counts the signals of this name, from 1; 0 in what is appended: the store counts. */
  | { readonly type: "signal"; readonly name: string; readonly ordinal: number; readonly payload: Json }
  | { readonly type: "cancel_requested"; readonly origin: string; readonly reason?: string }
  /** `wake`: tells the wake target. */
  | { readonly type: "progress"; readonly value: Json; readonly wake: boolean }
  | ProcessEnd;

export type ProcessEventType = ProcessEventBody["type"];
export type ProcessEventOf<Type extends ProcessEventType> = Extract<ProcessEventBody, { type: Type }>;

/** A row of a process's log. */
export interface ProcessEvent {
  readonly processId: ProcessId;
  /** Dense, from 1. */
  readonly seq: number;
  /** Milliseconds since the epoch by the store's clock. */
  readonly at: number;
  readonly body: ProcessEventBody;
}

export function isProcessEnd(body: ProcessEventBody): body is ProcessEnd {
  return (
    body.type === "completed" ||
    body.type === "failed" ||
    body.type === "cancelled" ||
    body.type === "abandoned"
  );
}

/**
 * True for events that somebody may be waiting for, who is given a hint then. That a body was entered, or is a step further, is for the
 * log and for whoever enters it again.
 */
export function tellsOthers({ type }: ProcessEventBody): boolean {
  return type !== "started" && type !== "step_done";
}

/** True for events of which the wake target is told. */
export function wakesTarget(body: ProcessEventBody): boolean {
  return isProcessEnd(body) || (body.type === "progress" && body.wake);
}
