import { onStopSignals } from "@pawl/server";
import { openClient } from "../client/open-client.ts";
import type { TurnClient } from "../client/turn-client.ts";
import { EXIT, exitCodeOf } from "../exit-codes.ts";
import { sayError } from "../output/say-error.ts";
import { followTurn } from "./follow-turn.ts";
import { openOutput } from "./open-output.ts";
import type { RunOptions } from "./run.ts";
import { configOf } from "./server-options.ts";

/** A turn from its beginning until it does not move any more. @returns the exit code */
export async function watch(turnId: string, options: RunOptions): Promise<number> {
  const output = openOutput(options);
  const leave = () => {
    output.close();
    process.exit(EXIT.cancelled);
  };
  const signals = onStopSignals(leave, leave);
  let client: TurnClient | undefined;
  try {
    const { dataDir } = options;
    const config = configOf(dataDir === undefined ? {} : { dataDir });
    client = await openClient({
      config,
      server: options.server,
      progress: output.progress,
      onAway: () => output.notice("The server does not answer; waiting for it to come back."),
      onBack: () => output.notice("The server is back; the turn goes on."),
    });
    // Before anything is shown: an unknown turn is an error and no empty picture.
    await client.explain(turnId);
    return exitCodeOf(await followTurn(client, turnId, output));
  } catch (error) {
    output.close();
    return sayError(error, options.json === true);
  } finally {
    output.close();
    await client?.close();
    signals.off();
  }
}
