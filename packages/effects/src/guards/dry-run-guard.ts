import type { Guard } from "../controller/journaled.ts";
import { refusalOutcome } from "./refusal.ts";

/** In a dry run what may change the world is recorded and not done: only tools that say that they only read are performed. */
export const dryRunGuard: Guard = async ({ command }, { turn }) => {
  if (turn?.config.dryRun !== true || command.kind !== "tool_call") return undefined;
  const definition = turn.toolbox.definitions.find((tool) => tool.name === command.name);
  if (definition?.hints?.readOnly === true) return undefined;
  const message = "This is a dry run: the call was not made. It would have been made with these arguments.";
  return refusalOutcome(command, { code: "dry_run", message });
};
