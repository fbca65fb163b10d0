import type { AbandonReason, InputId, InputState, SessionId } from "@pawl/core";
import type { Inbox, InputRecord } from "@pawl/core/ports";

/** Why no turn of an input's own will ever commit; or the input that its words went into. */
export type EndedInput =
  | { readonly into: InputRecord }
  | { readonly sessionId: SessionId; readonly code: string; readonly message: string };

const ABANDONED: { readonly [Reason in AbandonReason]: string } = {
  retired: "Its session was retired.",
  reset: "Its session was reset.",
  stopped: "Its session was stopped.",
  destroyed: "Its session was destroyed.",
  cancelled: "It was cancelled before it began.",
  attempts_exhausted: "It was tried too often.",
  never_executed: "The run that took it never began.",
};

const ENDED_WITHOUT_TURN: ReadonlySet<InputState> = new Set(["superseded", "coalesced", "abandoned"]);

/** Undefined while it may still be consumed, or was. */
export async function endedInput(
  { load, loadInputState }: Pick<Inbox, "load" | "loadInputState">,
  inputId: InputId,
): Promise<EndedInput | undefined> {
  // Many ask at once, and mostly in vain: the store reads these together.
  const record = await load(inputId);
  if (record !== null && !ENDED_WITHOUT_TURN.has(record.state)) return undefined;
  const entry = await loadInputState(inputId);
  const { outcome } = entry ?? { outcome: null };
  if (entry === null || outcome === null || outcome.type === "consumed") return undefined;
  const { sessionId } = entry;
  switch (outcome.type) {
    case "coalesced": {
      const into = await load(outcome.into);
      return into === null ? undefined : { into };
    }
    case "superseded":
      return {
        sessionId,
        code: "input_superseded",
        message: `Input "${outcome.by}" took its place before it began.`,
      };
    case "abandoned":
      return {
        sessionId,
        code: "input_abandoned",
        message: `${ABANDONED[outcome.reason]} It does not go on: send it again where it shall be done.`,
      };
  }
}
