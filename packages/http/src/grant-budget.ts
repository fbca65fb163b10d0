import type { HostView, WaitOutcome } from "@pawl/host";
import { httpError } from "./errors.ts";

/** More of what a turn ran out of; what is absent is not raised. */
export interface BudgetGrant {
  readonly tokens?: number;
  readonly costNanoUsd?: number;
}

/**
 * Answers the wait of a turn whose budget is used up, so that it goes on. Waits of agents that work for it are found too: each has its own
 * budget, and the first that waits is granted.
 *
 * @throws PawlError `turn_unknown`, `grant_not_awaited`, and as `Waits.answer`
 */
export async function grantBudget(
  host: Pick<HostView<never>, "turn" | "waits">,
  turnId: string,
  grant: BudgetGrant,
  by: string,
): Promise<{
  readonly waitId: string;
  readonly outcome: Exclude<WaitOutcome, { status: "unknown_or_revoked" }>;
}> {
  const turn = host.turn(turnId);
  const { state } = await turn.explain();
  const result = state === "waiting" ? await turn.result() : undefined;
  const waits = result?.status === "waiting" ? result.waits : [];
  const wait = waits.find(({ reason }) => reason.type === "budget");
  if (wait !== undefined) {
    const outcome = await host.waits.answer(wait.id, { grant }, { by });
    if (outcome.status !== "unknown_or_revoked") return { waitId: wait.id, outcome };
  }
  throw httpError(
    "grant_not_awaited",
    `Turn "${turnId}" does not wait for a budget: it is ${state}. A grant answers a budget that is used up.`,
  );
}
