import type { WireTurn } from "@pawl/http";

/** The command lines that move a turn, and what followed from its commit and is stuck, without the program's name. Pure. */
export function whatHelps(turn: WireTurn): readonly string[] {
  const letters = (turn.dead_letters ?? []).map(({ id }) => `dead-letters retry ${id}`);
  return [...whatMoves(turn), ...letters];
}

function whatMoves({ turn_id, state, result }: WireTurn): readonly string[] {
  // What holds it back is known by its result, also while nothing of it has begun.
  switch (result?.status ?? state) {
    case "queued":
    case "running":
      return [`watch ${turn_id}`];
    case "blocked": {
      const paused = result?.status === "blocked" && result.code === "session_paused";
      return [...(paused ? [`session resume ${result.session_id}`] : []), `cancel ${turn_id}`];
    }
    case "waiting": {
      const waits = result?.status === "waiting" ? result.waits : [];
      return [...waits.map((wait) => answerOf(wait, turn_id)), `cancel ${turn_id}`];
    }
    default:
      return [];
  }
}

type Wait = Extract<NonNullable<WireTurn["result"]>, { status: "waiting" }>["waits"][number];

function answerOf({ id, reason, path, behind }: Wait, turnId: string): string {
  switch (reason.type) {
    case "did_it_happen":
      return `answer ${id} --happened | --not-happened | --abandon`;
    case "approval":
      return `approvals show ${id}`;
    case "budget":
      return `grant ${path?.at(-1)?.turn_id ?? behind ?? turnId} ${reason.limit === "cost" ? "--usd 1" : "--tokens 100000"}`;
    case "agent":
      return `turn show --why ${reason.turn_id}`;
    case "tool_pending":
    case "custom":
      return `answer ${id} --result '…'`;
  }
}
