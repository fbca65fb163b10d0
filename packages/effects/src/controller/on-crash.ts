import type { EffectEnvelope, OnCrash } from "@pawl/core";
import type { EffectContext } from "./effect-controller.ts";

/** What may be done about a call that was begun and has no outcome (D12). A tool that is not known any more is asked about. */
export function onCrashOf({ command }: EffectEnvelope, { turn }: EffectContext): OnCrash {
  if (command.kind !== "tool_call") return "retry";
  const definition = turn?.toolbox.definitions.find((tool) => tool.name === command.name);
  return definition?.onCrash ?? "ask";
}
