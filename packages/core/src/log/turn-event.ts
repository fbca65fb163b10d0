import type { TerminalReason } from "../conversation/model.ts";
import type { ToolCallPart } from "../conversation/part.ts";
import type { Usage } from "../conversation/usage.ts";
import type { ToolOutcome } from "../effects/outcome.ts";
import type { EffectId, TurnId } from "../ids.ts";
import type { MachineEvent } from "../turn/event.ts";
import type { AgentStep } from "../turn/input.ts";
import { type ApprovalDecision, readApproval } from "../waits/approval-decision.ts";
import type { Resolution } from "../waits/wait-identity.ts";
import type { LogBody, LogRow } from "./log-row.ts";

/** What people and clients see of a turn. A union by `type`; every one comes from exactly one row of the log. */
export type TurnEventBody =
  | { readonly type: "turn.started"; readonly agent?: string }
  | {
      readonly type: "text.delta";
      readonly effectId: EffectId;
      readonly attempt: number;
      readonly text: string;
    }
  /** Text of this effect's earlier attempts is void. */
  | { readonly type: "text.reset"; readonly effectId: EffectId; readonly attempt: number }
  | {
      readonly type: "model.answered";
      readonly effectId: EffectId;
      readonly text: string;
      readonly toolCalls: readonly Pick<ToolCallPart, "callId" | "name" | "input">[];
      readonly terminalReason: TerminalReason;
      readonly model: string;
      readonly usage: Usage;
      /** The text was in `text.delta` events before. */
      readonly streamed: boolean;
    }
  | {
      readonly type: "model.failed";
      readonly effectId: EffectId;
      readonly terminalReason: TerminalReason;
      readonly message: string;
    }
  | { readonly type: "tool.started"; readonly effectId: EffectId; readonly attempt: number }
  | {
      readonly type: "tool.finished";
      readonly effectId: EffectId;
      readonly name: string;
      readonly result: ToolOutcome;
    }
  | {
      readonly type: "tool.ambiguous";
      readonly effectId: EffectId;
      readonly name: string;
      readonly attempt: number;
    }
  | {
      readonly type: "wait.settled";
      readonly effectId: EffectId;
      readonly resolution: Resolution["status"];
      /** Of an approval. */
      readonly decision?: ApprovalDecision;
      /** Who decided; absent where time, or the turn's end, did. */
      readonly by?: string;
    }
  /** `rows` rows of the log were deleted here: streamed text, or the turn but for its end. */
  | { readonly type: "log.pruned"; readonly what: "text" | "turn"; readonly rows: number }
  | { readonly type: "turn.committed"; readonly sequence: number; readonly digest: string }
  | MachineEvent;

/** `id` is `<seq>.<index>`: unique and ordered in its session, and what `after` and `Last-Event-ID` take. */
export type TurnEvent = TurnEventBody & {
  readonly id: string;
  readonly seq: number;
  readonly turnId: TurnId;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Set where another agent's turn is seen from the one that it works for: the steps from there down to it. */
  readonly path?: readonly AgentStep[];
};

export type TurnEventType = TurnEvent["type"];

/** The events of a row: the log is stored once and shown from here. Pure. */
export function eventsOfRow(row: LogRow): readonly TurnEvent[] {
  const { seq, turnId, at } = row;
  return bodiesOf(row.body).map(
    (body, index): TurnEvent => Object.assign({ id: `${seq}.${index}`, seq, turnId, at }, body),
  );
}

function bodiesOf(body: LogBody): readonly TurnEventBody[] {
  switch (body.kind) {
    case "machine_input":
      return [...ofInput(body), ...(body.events ?? [])];
    case "effect_intent":
      // What an attempt leaves while it runs is no event before its turn commits.
      if (body.left !== undefined) return [];
      return [{ type: "tool.started", effectId: body.effectId, attempt: body.attempt }];
    case "text_delta":
      return [{ type: "text.delta", effectId: body.effectId, attempt: body.attempt, text: body.text }];
    case "attempt_reset":
      return [{ type: "text.reset", effectId: body.effectId, attempt: body.attempt }];
    case "turn_committed":
      return [{ type: "turn.committed", sequence: body.sequence, digest: body.digest }];
    case "pruned":
      return [{ type: "log.pruned", what: body.what, rows: body.rows }];
    case "step_done":
      return [];
  }
}

function ofInput(body: Extract<LogBody, { kind: "machine_input" }>): readonly TurnEventBody[] {
  const { input } = body;
  if (input.type === "begin") return [{ type: "turn.started" }];
  if (input.type !== "effect_settled") return [];
  const { effectId, outcome } = input;
  switch (outcome.kind) {
    case "model_call": {
      if (!outcome.result.ok) {
        const { terminalReason, message } = outcome.result.failure;
        return [{ type: "model.failed", effectId, terminalReason, message }];
      }
      const { parts, terminalReason, model, usage } = outcome.result.answer;
      const toolCalls = parts.flatMap((p) =>
        p.type === "tool_call" ? [{ callId: p.callId, name: p.name, input: p.input }] : [],
      );
      const text = parts.map((p) => (p.type === "text" ? p.text : "")).join("");
      const streamed = outcome.textStreamed;
      return [{ type: "model.answered", effectId, text, toolCalls, terminalReason, model, usage, streamed }];
    }
    case "tool_call": {
      const name = commandName(body.command);
      if (outcome.launch.status === "done") {
        return [{ type: "tool.finished", effectId, name, result: outcome.launch.result }];
      }
      if (outcome.launch.status === "ambiguous") {
        return [{ type: "tool.ambiguous", effectId, name, attempt: outcome.launch.attempt }];
      }
      return [];
    }
    case "await_event":
      return [
        {
          type: "wait.settled",
          effectId,
          resolution: outcome.resolution.status,
          ...decisionOf(body.command, outcome.resolution),
        },
      ];
    default:
      return [];
  }
}

/** An approval says how it was decided and by whom; other answers stay with those who asked. */
function decisionOf(
  command: unknown,
  resolution: Resolution,
): { readonly decision?: ApprovalDecision; readonly by?: string } {
  const wait =
    typeof command === "object" && command !== null && "wait" in command ? command.wait : undefined;
  const key = typeof wait === "object" && wait !== null && "key" in wait ? wait.key : undefined;
  if (typeof key !== "string" || !key.startsWith("approval:")) return {};
  const decided = readApproval(resolution);
  if (decided === undefined) return {};
  return { decision: decided.decision, ...(decided.by !== undefined && { by: decided.by }) };
}

function commandName(command: unknown): string {
  return typeof command === "object" && command !== null && "name" in command ? String(command.name) : "";
}

/** Where to go on after an event. @returns undefined for text that is not an event id. */
export function parseEventId(id: string): { readonly seq: number; readonly index: number } | undefined {
  const match = /^(\d{1,15})(?:\.(\d{1,6}))?$/.exec(id);
  if (!match) return undefined;
  return {
    seq: Number(match[1]),
    index: match[2] === undefined ? Number.MAX_SAFE_INTEGER : Number(match[2]),
  };
}
