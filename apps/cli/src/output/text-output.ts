import type { WireEvent, WireTurn } from "@pawl/http";
import { showDuration, showUsage, showWait } from "./describe.ts";
import { callsBegun, eventLines } from "./event-lines.ts";
import { oneLine, printable } from "./printable.ts";
import type { Progress } from "./progress.ts";
import type { Style } from "./style.ts";
import type { TurnEnd, TurnOutput } from "./turn-output.ts";

export interface TextOutputOptions {
  readonly write: (text: string) => void;
  readonly progress: Progress;
  readonly style: Style;
  /** How a session is gone on with, for the last line; absent where it would be noise. */
  readonly goOn?: (sessionId: string) => string;
  /** The command lines that help a turn that does not move; absent where what it waits for is asked for at once. */
  readonly helps?: (turn: WireTurn) => readonly string[];
}

/** What happens, for people: text as it comes, a line for each tool call and each result, and at the end what it cost. */
export function createTextOutput({
  write,
  progress,
  style,
  goOn,
  helps = () => [],
}: TextOutputOptions): TurnOutput {
  /** Text that is streamed ends in the midst of a line. */
  let midLine = false;
  /** Some text of an answer that is not whole yet was shown. */
  let begun = false;
  let calls = 0;
  let model: string | undefined;
  /** Calls that begin only now, because somebody has approved them: as a second attempt, and not for a crash. */
  const approved = new Set<string>();

  function text(piece: string): void {
    progress.clear();
    const shown = printable(piece);
    if (shown === "") return;
    write(shown);
    midLine = !shown.endsWith("\n");
  }

  function line(content: string): void {
    progress.clear();
    write(`${midLine ? "\n" : ""}${content}\n`);
    midLine = false;
  }

  function meanwhile(): void {
    // Never in the midst of a line: there the text itself is the progress.
    if (!midLine) progress.set(calls > 0 ? "Waiting for tools…" : "Waiting for the model…");
  }

  function facts({ result, usage, tookMs }: TurnEnd): string {
    const by = model === "offline" ? "the offline model (no model key is set)" : oneLine(model ?? "", 60);
    const answers = `${usage.model_calls} ${usage.model_calls === 1 ? "answer" : "answers"}`;
    return [
      `${result.status} in ${showDuration(tookMs)}`,
      by === "" ? answers : `${answers} by ${by}`,
      showUsage(usage),
      `session ${printable(result.session_id)}`,
      `turn ${result.turn_id}`,
    ].join(" · ");
  }

  return {
    progress: progress.set,
    accepted: () => progress.set("The turn is about to begin…"),
    event(event: WireEvent) {
      const agent = event.path?.at(-1)?.agent;
      if (agent !== undefined) {
        // What an agent says is for whoever asked it; what it does is shown.
        for (const shown of eventLines(event, style))
          line(`  ${style.dim(`[${oneLine(agent, 40)}]`)} ${shown}`);
        return;
      }
      if (event.type === "text.delta") {
        text(event.text);
        begun = true;
      }
      if (event.type === "text.reset") {
        line(style.dim(begun ? "… the answer was cut off and begins again:" : "The model is asked again."));
        begun = false;
      }
      if (event.type === "model.answered") {
        begun = false;
        model = event.model;
        if (!event.streamed) text(event.text);
      }
      calls = Math.max(0, calls + callsBegun(event));
      if (event.type === "wait.settled" && event.decision !== undefined) approved.add(callOf(event));
      if (event.type === "tool.started" && approved.delete(callOf(event))) return meanwhile();
      for (const shown of eventLines(event, style)) line(shown);
      if (event.type !== "turn.ended" && event.type !== "turn.committed") meanwhile();
    },
    notice: (message) => line(style.dim(message)),
    finished(end) {
      const { result, explanation } = end;
      if (result.status === "failed" || result.status === "blocked") {
        const how = result.status === "failed" ? "failed" : "is blocked";
        line(style.bad(`The turn ${how} (${result.code}): ${printable(result.message)}`));
      }
      if (result.status === "waiting") for (const wait of result.waits) line(`Waiting: ${showWait(wait)}`);
      if (explanation?.advice !== undefined) line(explanation.advice);
      if (explanation !== undefined)
        for (const command of helps(explanation)) line(`  ${style.accent(command)}`);
      line(style.dim(`— ${facts(end)}`));
      if (goOn !== undefined) line(style.dim(`  go on with: ${goOn(result.session_id)}`));
    },
    close: progress.clear,
  };
}

/** The call that an effect belongs to: attempts and waits of one call differ in what follows. */
function callOf({ turn_id, effect_id }: { readonly turn_id: string; readonly effect_id: string }): string {
  return `${turn_id} ${effect_id.split("/")[0]}`;
}
