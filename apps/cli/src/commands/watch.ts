import { onStopSignals } from "@pawl/server";
import { kindOf, turnOfJob } from "../client/find-turn.ts";
import { openClient } from "../client/open-client.ts";
import type { PawlClient } from "../client/pawl-client.ts";
import { EXIT, exitCodeOf } from "../exit-codes.ts";
import { linkNotices } from "../output/link-notices.ts";
import { sayError } from "../output/say-error.ts";
import type { TurnOutput } from "../output/turn-output.ts";
import { followTurn } from "./follow-turn.ts";
import { openOutput } from "./open-output.ts";
import type { RunOptions } from "./run.ts";
import { configOf } from "./server-options.ts";

/** A turn, or the turn of a job, from its beginning until it does not move any more; or a session. @returns the exit code */
export async function watch(id: string, options: RunOptions): Promise<number> {
  const output = openOutput(options);
  const leave = () => {
    output.close();
    process.exit(EXIT.cancelled);
  };
  const signals = onStopSignals(leave, leave);
  let client: PawlClient | undefined;
  try {
    const { dataDir } = options;
    const config = configOf(dataDir === undefined ? {} : { dataDir });
    client = await openClient({
      config,
      server: options.server,
      ...linkNotices(output),
    });
    const kind = kindOf(id);
    if (kind === "session") return await watchSession(client, id, output);
    const turnId = kind === "job" ? await turnOfJob(client, id) : id;
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

/** Until somebody leaves: a session has no end of its own. */
async function watchSession(client: PawlClient, sessionId: string, output: TurnOutput): Promise<number> {
  for await (const event of client.sessionEvents(sessionId, new AbortController().signal))
    output.event(event);
  return EXIT.completed;
}
