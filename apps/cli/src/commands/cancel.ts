import { kindOf } from "../client/find-turn.ts";
import { EXIT } from "../exit-codes.ts";
import { cancelJob } from "./jobs.ts";
import { type ClientOptions, withClient } from "./with-client.ts";

export interface CancelOptions extends ClientOptions {
  readonly reason?: string;
}

/** How long an open turn is watched for its end before it is left to whoever drives it. */
const SEE_END_MS = 5_000;

/** Asks for a turn's end and says what came of it. @returns the exit code */
export async function cancel(turnId: string, options: CancelOptions): Promise<number> {
  if (kindOf(turnId) === "job") return cancelJob(turnId, options);
  return withClient(options, async ({ client, clear }) => {
    const asked = await client.cancel(turnId, options.reason);
    // In this process nobody would drive it to its end once we leave; on a server it is good to see it happen.
    const ended =
      asked.status === "completion_won"
        ? asked.outcome.status
        : await client.result(turnId, AbortSignal.timeout(SEE_END_MS)).then(
            ({ status }) => status,
            () => undefined,
          );
    clear();
    if (options.json)
      process.stdout.write(`${JSON.stringify({ type: "turn.cancel", ...asked, state: ended ?? null })}\n`);
    else process.stdout.write(`${sentence(asked.status === "completion_won", ended)}\n`);
    return EXIT.completed;
  });
}

function sentence(before: boolean, ended: string | undefined): string {
  if (before) return `The turn had ended before: ${ended}.`;
  if (ended === "cancelled") return "The turn is cancelled.";
  return ended === undefined || ended === "waiting"
    ? "The turn will end as soon as what it does lets it."
    : `The turn was faster: it is ${ended}.`;
}
