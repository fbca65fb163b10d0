import type { TurnOutput } from "./turn-output.ts";

/** What somebody who looks at a turn hears of the way to its server. */
export function linkNotices({ progress, notice }: Pick<TurnOutput, "progress" | "notice">) {
  return {
    progress,
    onAway: () => notice("The server does not answer; waiting for it to come back."),
    onBack: () => notice("The server is back; the turn goes on."),
  };
}
