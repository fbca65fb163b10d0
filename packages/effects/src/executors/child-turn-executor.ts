import {
  type ChildEnd,
  type CommandOf,
  type EffectEnvelope,
  inputIdsOfTurn,
  type Json,
  type ParentTurn,
  type Resolution,
  scopeTurnId,
  type TurnId,
} from "@pawl/core";
import type { Inbox, Sessions } from "@pawl/core/ports";
import type { EffectExecutor } from "../controller/effect-controller.ts";
import { INTERRUPTED } from "./interruptible-wait.ts";

export interface ChildTurnOptions {
  readonly sessions: Pick<Sessions, "loadCommitted" | "requestCancel">;
  readonly inbox: Pick<Inbox, "load">;
  /** For whom the turn works that an input began. */
  readonly parentOf: (environment: Json | undefined) => ParentTurn | undefined;
}

/**
 * Performs waits for the end of another agent's turn, and hands the others on. The end is read from that turn's own commit. A wait
 * that is given up, or lasts too long, tells the agent to stop.
 */
export function childTurnExecutor(
  others: EffectExecutor<"await_event">,
  { sessions, inbox, parentOf }: ChildTurnOptions,
): EffectExecutor<"await_event"> {
  async function isOurs(envelope: EffectEnvelope<CommandOf<"await_event">>, child: TurnId): Promise<boolean> {
    for (const inputId of inputIdsOfTurn(child)) {
      const input = await inbox.load(inputId);
      if (input !== null) return parentOf(input.content.environment)?.turnId === scopeTurnId(envelope.scope);
    }
    return false;
  }

  async function endOf(child: TurnId): Promise<Resolution | undefined> {
    const committed = await sessions.loadCommitted(child);
    if (committed === null || committed.receipt.outcome === null) return undefined;
    const end: ChildEnd = { outcome: committed.receipt.outcome, usage: committed.usage };
    return { status: "ok", payload: end as unknown as Json };
  }

  return async (envelope, context) => {
    const { wait } = envelope.command;
    if (wait.type !== "child_turn") return others(envelope, context);
    const child = wait.turnId as TurnId;
    if (!(await isOurs(envelope, child))) {
      // A fork shares what its original had asked for: the agent works for that one, and tells nobody else.
      return { kind: "await_event", resolution: (await endOf(child)) ?? ANOTHERS };
    }
    const { resolution } = await others(envelope, context);
    if (resolution.status === "ok") {
      return { kind: "await_event", resolution: (await endOf(child)) ?? LOST };
    }
    if (resolution.status !== "err" || resolution.payload.code === INTERRUPTED) {
      const reason = resolution.status === "timeout" ? "It took too long." : "It is not waited for any more.";
      await cancelChild(sessions, child, reason);
    }
    return { kind: "await_event", resolution };
  };
}

/** Asks for the end of a turn that works for another one. Again, late, or before it began: all the same. */
export async function cancelChild(
  sessions: Pick<Sessions, "requestCancel">,
  child: TurnId,
  reason: string,
): Promise<void> {
  await sessions.requestCancel(child, { requestId: `parent of ${child}`, origin: "parent", reason });
}

const ANOTHERS: Resolution = {
  status: "err",
  payload: {
    code: "agent_of_another_turn",
    message:
      "The agent works for the turn that this one was forked from. Ask for it again if it is still needed.",
  },
};

const LOST: Resolution = {
  status: "err",
  payload: { code: "agent_result_missing", message: "The agent's turn has ended, and its record is gone." },
};
