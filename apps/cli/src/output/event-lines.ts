import type { WireEvent } from "@pawl/http";
import { showInput, showToolResult, showWait } from "./describe.ts";
import { oneLine } from "./printable.ts";
import type { Style } from "./style.ts";

/** What a person sees of an event beside streamed text: none, one or several lines. Pure. */
export function eventLines(event: WireEvent, style: Style): readonly string[] {
  switch (event.type) {
    case "model.answered":
      return event.tool_calls.map(
        ({ name, input }) => `${style.accent(`→ ${oneLine(name, 100)}`)} ${style.dim(showInput(input))}`,
      );
    case "model.failed":
      return [style.bad(`✗ the model failed: ${oneLine(event.message, 500)}`)];
    case "tool.started":
      if (event.attempt === 0) return [];
      return [style.dim(`↻ a tool is called again after a crash, attempt ${event.attempt + 1}`)];
    case "tool.finished": {
      const name = oneLine(event.name, 100);
      const mark = event.result.status === "ok" ? style.good(`✓ ${name}`) : style.bad(`✗ ${name}`);
      return [`${mark}: ${showToolResult(event.result)}`];
    }
    case "tool.refused": {
      const mark = style.bad(`✗ ${oneLine(event.name, 100)}`);
      return [`${mark} was not called (${event.code}): ${oneLine(event.message, 500)}`];
    }
    case "tool.ambiguous":
      return [style.bad(`? ${oneLine(event.name, 100)} was begun and its end is not known`)];
    case "limit.reached":
      return [style.dim(`The limit of ${event.limit} is reached.`)];
    case "wait.opened":
      return [style.accent(`⏸ ${showWait(event)}`)];
    case "turn.cancelling":
      return [style.dim("The turn is being cancelled.")];
    default:
      return [];
  }
}

/** By how many the calls that are under way grow or shrink. Pure. */
export function callsBegun(event: WireEvent): number {
  if (event.type === "model.answered") return event.tool_calls.length;
  return event.type === "tool.finished" || event.type === "tool.refused" || event.type === "tool.ambiguous"
    ? -1
    : 0;
}
