import { onStopSignals } from "@pawl/server";
import { kindOf } from "../client/find-turn.ts";
import { openClient } from "../client/open-client.ts";
import type { TurnClient } from "../client/turn-client.ts";
import { EXIT } from "../exit-codes.ts";
import { createProgress } from "../output/progress.ts";
import { sayError } from "../output/say-error.ts";
import { cancelJob } from "./jobs.ts";
import { configOf } from "./server-options.ts";

export interface CancelOptions {
  readonly reason?: string;
  readonly json?: true;
  readonly server?: string;
  readonly dataDir?: string;
}

/** How long an open turn is watched for its end before it is left to whoever drives it. */
const SEE_END_MS = 5_000;

/** Asks for a turn's end and says what came of it. @returns the exit code */
export async function cancel(turnId: string, options: CancelOptions): Promise<number> {
  if (kindOf(turnId) === "job") return cancelJob(turnId, options);
  const progress = createProgress(process.stderr);
  const leave = () => process.exit(EXIT.cancelled);
  const signals = onStopSignals(leave, leave);
  let client: TurnClient | undefined;
  try {
    const { dataDir } = options;
    client = await openClient({
      config: configOf(dataDir === undefined ? {} : { dataDir }),
      server: options.server,
      progress: progress.set,
      onAway: () => progress.set("The server does not answer; waiting for it to come back."),
      onBack: progress.clear,
    });
    const asked = await client.cancel(turnId, options.reason);
    // In this process nobody would drive it to its end once we leave; on a server it is good to see it happen.
    const ended =
      asked.status === "completion_won"
        ? asked.outcome.status
        : await client.result(turnId, AbortSignal.timeout(SEE_END_MS)).then(
            ({ status }) => status,
            () => undefined,
          );
    progress.clear();
    if (options.json)
      process.stdout.write(`${JSON.stringify({ type: "turn.cancel", ...asked, state: ended ?? null })}\n`);
    else process.stdout.write(`${sentence(asked.status === "completion_won", ended)}\n`);
    return EXIT.completed;
  } catch (error) {
    progress.clear();
    return sayError(error, options.json === true);
  } finally {
    await client?.close();
    signals.off();
  }
}

function sentence(before: boolean, ended: string | undefined): string {
  if (before) return `The turn had ended before: ${ended}.`;
  if (ended === "cancelled") return "The turn is cancelled.";
  return ended === undefined || ended === "waiting"
    ? "The turn will end as soon as what it does lets it."
    : `The turn was faster: it is ${ended}.`;
}
