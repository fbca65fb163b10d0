import type { ModelAnswer, ModelFailure } from "../conversation/model.ts";
import type { InputPart } from "../conversation/part.ts";
import type { ToolDefinition } from "../conversation/tool-definition.ts";
import type { Usage } from "../conversation/usage.ts";
import type { PendingLaunch } from "../define/pending-call.ts";
import type { ErrorFacts } from "../errors.ts";
import type { InputId, ProcessId, SessionId, TurnId } from "../ids.ts";
import type { Json } from "../json.ts";
import type { ProcessRecord } from "../processes/fold.ts";
import type { ProcessEnd, ProcessEvent } from "../processes/process-event.ts";
import type { TurnOutcome } from "../turn/outcome.ts";
import type { Resolution } from "../waits/wait-identity.ts";
import type { EffectKind } from "./command.ts";

/**
 * How a cancelled call ended: it had not begun; the tool itself confirmed that it stopped; or nobody can say.
 */
export type CancelCertainty = "before_start" | "confirmed" | "outcome_unknown";

/** What a tool came to. Failures are data for the model, never exceptions of the runtime. */
export type ToolOutcome =
  | { readonly status: "ok"; readonly output: Json }
  | { readonly status: "error"; readonly code: string; readonly message: string; readonly output?: Json }
  | { readonly status: "cancelled"; readonly certainty: CancelCertainty };

/** How a tool call left its executor. */
export type ToolLaunch =
  | { readonly status: "done"; readonly result: ToolOutcome }
  | PendingLaunch
  /**
   * An attempt was begun and its end is not known (D12): somebody must say whether it happened. "No" counts only from `noAfter` on,
   * milliseconds since the epoch: until then the attempt may still happen.
   */
  | { readonly status: "ambiguous"; readonly attempt: number; readonly noAfter?: number }
  /** The host's policy wants somebody to approve exactly these arguments first. */
  | {
      readonly status: "needs_approval";
      /** SHA-256 of the canonical JSON of the arguments. */
      readonly argumentHash: string;
      /** Names the policy that asked, so that an approval under another one does not count. */
      readonly policyHash: string;
      /** Absolute, milliseconds since the epoch; absent: it does not expire. */
      readonly expiresAt?: number;
    }
  /** Another agent works on it, in a turn of its own (D22): what that turn comes to is the result. */
  | {
      readonly status: "delegated";
      readonly child: ChildTurn;
      /** Absolute, milliseconds since the epoch. */
      readonly deadline?: number;
    }
  /** The tool itself says that the attempt never happened: it is performed as the next attempt. */
  | { readonly status: "not_begun"; readonly attempt: number };

/** A turn that another one began, for one of its calls. */
export interface ChildTurn {
  readonly agent: string;
  readonly sessionId: SessionId;
  readonly turnId: TurnId;
  /** What of the parent's budget was set aside for it (D13); what it does not spend returns with its end. */
  readonly reserved: Reserved;
}

/** Tokens and integer nano US dollars; absent where the parent has no such budget. */
export interface Reserved {
  readonly tokens?: number;
  readonly costNanoUsd?: number;
}

/** How a child turn ended, as the resolution of its parent's wait carries it. */
export interface ChildEnd {
  readonly outcome: TurnOutcome;
  readonly usage: Usage;
}

export type ModelResult =
  | { readonly ok: true; readonly answer: ModelAnswer }
  | { readonly ok: false; readonly failure: ModelFailure };

export interface ModelCallOutcome {
  readonly kind: "model_call";
  readonly result: ModelResult;
  /** Text was shown while it came, so a replay must not show it again. */
  readonly textStreamed: boolean;
}

export interface DirectModelCallOutcome {
  readonly kind: "direct_model_call";
  readonly result: ModelResult;
}

/** What a tool leaves for the world outside: the commit of its turn hands it over (D23). */
export interface LeftMessage {
  /** Whom it is for: a host hands it to the handler of this topic. */
  readonly topic: string;
  readonly payload: Json;
}

export interface ToolCallOutcome {
  readonly kind: "tool_call";
  readonly launch: ToolLaunch;
  /**
   * In the order in which the call left them. Recorded with the outcome, so a replay leaves the same; absent for none. Of an ambiguous
   * attempt: what is known of them, which counts once it is known that it happened.
   */
  readonly outbox?: readonly LeftMessage[];
}

export interface ExecCodeOutcome {
  readonly kind: "exec_code";
  readonly result:
    | { readonly ok: true; readonly value: Json }
    | { readonly ok: false; readonly error: ErrorFacts };
}

/** An input of the session that entered a running turn; from here on it belongs to that turn (D19). */
export interface SteeredInput {
  readonly inputId: InputId;
  readonly parts: readonly InputPart[];
}

export interface CheckpointOutcome {
  readonly kind: "checkpoint";
  readonly inputs: readonly SteeredInput[];
}

export interface SyncEnvironmentOutcome {
  readonly kind: "sync_environment";
  readonly result:
    | { readonly ok: true; readonly environment?: SyncedEnvironment }
    | { readonly ok: false; readonly error: ErrorFacts };
}

/** What a refresh found; it replaces the turn's own from here on. */
export interface SyncedEnvironment {
  readonly instructions?: string;
  readonly tools: readonly ToolDefinition[];
}

export interface SleepOutcome {
  readonly kind: "sleep";
}

export interface AwaitEventOutcome {
  readonly kind: "await_event";
  readonly resolution: Resolution;
}

export interface PeekAwaitEventOutcome {
  readonly kind: "peek_await_event";
  readonly resolution: Resolution | null;
}

/** What came of a command to a background task, by operation. */
export type ProcessResult =
  | { readonly operation: "start"; readonly record: ProcessRecord }
  | { readonly operation: "list"; readonly records: readonly ProcessRecord[] }
  | { readonly operation: "transfer"; readonly moved: readonly ProcessId[] }
  | { readonly operation: "delete_session"; readonly report: ProcessSessionReport }
  | { readonly operation: "await"; readonly end: ProcessEnd }
  | { readonly operation: "cancel"; readonly record: ProcessRecord }
  | { readonly operation: "signal"; readonly event: ProcessEvent };

export interface ProcessSessionReport {
  /** Background tasks that the session saw. */
  readonly revoked: readonly ProcessId[];
  /** Those of them that go on and that no session sees any more. */
  readonly unseen: readonly ProcessId[];
}

export interface ProcessOutcome {
  readonly kind: "process";
  readonly result: /** A `ProcessResult`, as plain JSON. */
  { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly error: ErrorFacts };
}

export interface DurableStepOutcome {
  readonly kind: "durable_step";
  readonly value: Json;
}

export type EffectOutcome =
  | ModelCallOutcome
  | DirectModelCallOutcome
  | ToolCallOutcome
  | ExecCodeOutcome
  | CheckpointOutcome
  | SyncEnvironmentOutcome
  | SleepOutcome
  | AwaitEventOutcome
  | PeekAwaitEventOutcome
  | ProcessOutcome
  | DurableStepOutcome;

export type OutcomeOf<Kind extends EffectKind> = Extract<EffectOutcome, { kind: Kind }>;
