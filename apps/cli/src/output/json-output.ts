import { printable } from "./printable.ts";
import type { TurnEnd, TurnOutput } from "./turn-output.ts";

/**
 * One JSON object a line: `turn.accepted`, the turn's events as the API has them, and `turn.finished`. What is said about
 * the showing itself is for people and goes elsewhere.
 */
export function createJsonOutput(write: (text: string) => void, tell: (text: string) => void): TurnOutput {
  const line = (value: object) => write(`${JSON.stringify(value)}\n`);
  return {
    progress: () => undefined,
    notice: (message) => tell(`pawl: ${printable(message)}\n`),
    close: () => undefined,
    accepted: ({ sessionId, turnId }) =>
      line({ type: "turn.accepted", session_id: sessionId, turn_id: turnId }),
    event: line,
    finished(end) {
      for (const approval of pendingApprovals(end)) line(approval);
      line(finishedLine(end));
    },
  };
}

/** A line for each call that somebody has to approve before the turn goes on. */
function pendingApprovals({ result }: TurnEnd): readonly Readonly<Record<string, unknown>>[] {
  if (result.status !== "waiting") return [];
  return result.waits.flatMap(({ id, reason }) => {
    if (reason.type !== "approval") return [];
    const { tool, input, argument_hash } = reason;
    const { session_id, turn_id } = result;
    return [{ type: "approval.pending", approval_id: id, session_id, turn_id, tool, input, argument_hash }];
  });
}

/** The last line. `outcome` is the result's status. */
export function finishedLine({ result, usage }: TurnEnd): Readonly<Record<string, unknown>> {
  return {
    type: "turn.finished",
    session_id: result.session_id,
    turn_id: result.turn_id,
    outcome: result.status,
    answer: result.status === "completed" ? result.text : null,
    ...(result.status === "completed" && result.output !== undefined && { output: result.output }),
    ...(result.status === "completed" && result.limit !== undefined && { limit: result.limit }),
    ...((result.status === "failed" || result.status === "blocked") && {
      error: { code: result.code, message: result.message },
    }),
    ...(result.status === "waiting" && { waits: result.waits }),
    ...(result.status === "cancelled" && { evidence: result.evidence }),
    usage,
  };
}
