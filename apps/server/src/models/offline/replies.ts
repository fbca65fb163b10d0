import type { ToolDefinition } from "@pawl/core";
import { MODEL_SETUP } from "../model-setup.ts";
import { GRAMMAR, type Step } from "./parse-program.ts";

export function unperformedReply(steps: readonly Step[]): string {
  const names = steps.flatMap((step) => step.map((call) => call.tool)).join(", ");
  return `Not called, because tools are not available any more: ${names}.`;
}

export function talkReply(tools: readonly ToolDefinition[]): string {
  const names = tools.map((tool) => tool.name).join(", ");
  const offer = names === "" ? "No tools are offered to me." : `Tools that are offered to me: ${names}.`;
  return [
    "I am the offline model: I need no network, cannot reason, and only perform tool calls that are spelled out.",
    MODEL_SETUP,
    `What I understand: ${GRAMMAR}`,
    offer,
  ].join("\n");
}

export function mistakeReply(message: string): string {
  return [
    `I am the offline model and could not read this call. ${message}`,
    `What I understand: ${GRAMMAR}`,
    `Example: call get-sum with a=17 b=25 then call echo with message="all done"`,
    MODEL_SETUP,
  ].join("\n");
}
