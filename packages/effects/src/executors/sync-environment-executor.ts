import { errorFacts } from "@pawl/core";
import type { EffectExecutor } from "../controller/effect-controller.ts";

/**
 * Performs `sync_environment`: looks for the turn's tools anew. A look that fails is an outcome: the turn goes on with the tools that it
 * has, which are pinned and still known.
 */
export const syncEnvironmentExecutor: EffectExecutor<"sync_environment"> = async ({ command }, { turn }) => {
  if (turn?.refreshTools === undefined) {
    const message = "This host cannot look for tools in the middle of a turn.";
    return {
      kind: "sync_environment",
      result: { ok: false, error: { code: "environment_refresh_unsupported", message } },
    };
  }
  try {
    const tools = await turn.refreshTools(command.updateMachineConfig);
    const { instructions } = turn.config.agent;
    const environment = { tools, ...(instructions !== undefined && { instructions }) };
    return {
      kind: "sync_environment",
      result: { ok: true, ...(command.updateMachineConfig && { environment }) },
    };
  } catch (thrown) {
    return {
      kind: "sync_environment",
      result: { ok: false, error: errorFacts(thrown, "environment_refresh_failed") },
    };
  }
};
