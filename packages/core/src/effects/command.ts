import type { ModelRequest } from "../conversation/model.ts";
import type { CallId, EffectId, ProcessId, SessionId, TurnId } from "../ids.ts";
import type { Json } from "../json.ts";
import type { ProcessRegistration } from "../processes/process-event.ts";
import type { WaitIdentity } from "../waits/wait-identity.ts";

/** One model call of the turn's loop. The messages are the session's and the first `upTo` of the turn's own. */
export interface ModelCallCommand {
  readonly kind: "model_call";
  readonly iteration: number;
  readonly upTo: number;
  readonly toolChoice: "auto" | "none";
  /** A sentence for the model about why this answer is the last, see `turn/limits.ts`. */
  readonly note?: string;
}

/** A model call outside of the loop (a summary, a title). */
export interface DirectModelCallCommand {
  readonly kind: "direct_model_call";
  readonly request: ModelRequest;
  readonly label: string;
}

export interface ToolCallCommand {
  readonly kind: "tool_call";
  readonly callId: CallId;
  readonly name: string;
  readonly input: Json;
  /** From 0; a call that a person declared not to have happened is performed as the next attempt. */
  readonly attempt: number;
  /** The same for every attempt of this call, handed to the tool. */
  readonly idempotencyKey: string;
  /** The wait whose answer approved this call; no approval is asked for again. */
  readonly approvedBy?: EffectId;
}

export interface ExecCodeCommand {
  readonly kind: "exec_code";
  readonly language: string;
  readonly code: string;
}

/** Where queued inputs may enter a running turn. */
export type CheckpointKind = "after_work" | "before_completion";

export interface CheckpointCommand {
  readonly kind: "checkpoint";
  readonly checkpoint: CheckpointKind;
}

export interface SyncEnvironmentCommand {
  readonly kind: "sync_environment";
  /** Whether the refreshed tools and instructions replace those of the turn. */
  readonly updateMachineConfig: boolean;
}

export interface SleepCommand {
  readonly kind: "sleep";
  /** Absolute, milliseconds since the epoch: a crash does not restart it. */
  readonly dueAt: number;
}

export interface AwaitEventCommand {
  readonly kind: "await_event";
  readonly wait: WaitIdentity;
  /** Why it waits, for people: shown, never matched. */
  readonly reason: WaitReason;
  /** Absolute, milliseconds since the epoch; absent: it never times out. */
  readonly deadline?: number;
}

/** What a person sees of a wait. */
export type WaitReason =
  | {
      readonly type: "tool_pending";
      readonly callId: CallId;
      readonly tool: string;
      readonly note?: string;
      /** What becomes of an answer that comes after the turn; absent: it becomes an input of the session (D18). */
      readonly onCancel?: "tell_session" | "forget";
      /** The background task whose end answers it. */
      readonly task?: string;
    }
  | {
      readonly type: "did_it_happen";
      readonly callId: CallId;
      readonly tool: string;
      readonly input: Json;
      readonly attempt: number;
      /** "No" counts only from then on, milliseconds since the epoch (D12). */
      readonly noAfter?: number;
      /** How many messages it is known to have left for the world outside: they go out with a "yes" and with nothing else. */
      readonly left?: number;
    }
  | {
      readonly type: "approval";
      readonly callId: CallId;
      readonly tool: string;
      readonly input: Json;
      readonly argumentHash: string;
      readonly policyHash: string;
    }
  | { readonly type: "budget"; readonly limit: string }
  /** Another agent works on the call, in a turn and a session of its own. */
  | {
      readonly type: "agent";
      readonly callId: CallId;
      readonly tool: string;
      readonly agent: string;
      readonly sessionId: SessionId;
      readonly turnId: TurnId;
    }
  | { readonly type: "custom"; readonly text: string };

export interface PeekAwaitEventCommand {
  readonly kind: "peek_await_event";
  readonly wait: WaitIdentity;
}

/** What is asked of a background task. */
export type ProcessCommand =
  /** Registers it and lets these sessions see it, in one. */
  | {
      readonly operation: "start";
      readonly registration: ProcessRegistration;
      readonly grantTo: readonly SessionId[];
    }
  | { readonly operation: "list"; readonly sessionId: SessionId; readonly mode: "live" | "all" }
  /** Moves the sight of them from one session to another. */
  | {
      readonly operation: "transfer";
      readonly from: SessionId;
      readonly to: SessionId;
      readonly processIds: readonly ProcessId[];
    }
  /** Takes the session's sight of all of them; cancels none. */
  | { readonly operation: "delete_session"; readonly sessionId: SessionId }
  /** Waits for its end. */
  | { readonly operation: "await"; readonly processId: ProcessId }
  | {
      readonly operation: "cancel";
      readonly processId: ProcessId;
      readonly origin: string;
      readonly reason?: string;
    }
  | {
      readonly operation: "signal";
      readonly processId: ProcessId;
      readonly name: string;
      readonly payload: Json;
    };

export type ProcessOperation = ProcessCommand["operation"];

export interface ProcessEffectCommand {
  readonly kind: "process";
  readonly command: ProcessCommand;
}

export interface DurableStepCommand {
  readonly kind: "durable_step";
  readonly stepId: string;
  readonly input: Json;
}

export type EffectCommand =
  | ModelCallCommand
  | DirectModelCallCommand
  | ToolCallCommand
  | ExecCodeCommand
  | CheckpointCommand
  | SyncEnvironmentCommand
  | SleepCommand
  | AwaitEventCommand
  | PeekAwaitEventCommand
  | ProcessEffectCommand
  | DurableStepCommand;

export type EffectKind = EffectCommand["kind"];
export type CommandOf<Kind extends EffectKind> = Extract<EffectCommand, { kind: Kind }>;

/**
 * The fields of a command that must be equal at replay. The others are recorded or shown only: an edited sentence
 * must not break turns in flight.
 */
export function mustMatch(command: EffectCommand): Json {
  switch (command.kind) {
    case "model_call":
      return {
        kind: command.kind,
        iteration: command.iteration,
        upTo: command.upTo,
        toolChoice: command.toolChoice,
      };
    case "tool_call": {
      // Derived from the position, which the effect's id says already; a fork has other keys at the same positions.
      const { idempotencyKey: _derived, ...matched } = command;
      return matched;
    }
    case "direct_model_call":
      return { kind: command.kind, label: command.label };
    case "await_event":
      return { kind: command.kind, wait: command.wait };
    case "process":
      return { kind: command.kind, command: processMustMatch(command.command) };
    default:
      return { ...command };
  }
}

function processMustMatch(command: ProcessCommand): Json {
  if (command.operation !== "start") return { ...command };
  // How its signals are described may be edited; what it is and works on may not.
  const { processId, name, input, disposition, wake } = command.registration;
  const target = wake === null ? null : wake.sessionId;
  return {
    operation: command.operation,
    processId,
    name,
    input,
    disposition,
    wake: target,
    grantTo: command.grantTo,
  };
}
