import { printable } from "./printable.ts";
import type { Progress } from "./progress.ts";
import type { TurnOutput } from "./turn-output.ts";

/** The answer and nothing else; what keeps it from coming is told on stderr. */
export function createQuietOutput(
  write: (text: string) => void,
  tell: (text: string) => void,
  progress: Progress,
): TurnOutput {
  return {
    progress: progress.set,
    accepted: () => progress.set("The turn is under way…"),
    event: () => undefined,
    notice(message) {
      progress.clear();
      tell(`pawl: ${printable(message)}\n`);
    },
    finished({ result }) {
      progress.clear();
      if (result.status === "completed") write(`${printable(result.text).trimEnd()}\n`);
      else if (result.status === "failed" || result.status === "blocked")
        tell(`${result.status}: ${printable(result.message)}\n`);
      else tell(`${result.status}\n`);
    },
    close: progress.clear,
  };
}
