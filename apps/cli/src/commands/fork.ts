import { randomUUID } from "node:crypto";
import type { WireEffect } from "@pawl/http";
import { onStopSignals } from "@pawl/server";
import { openClient } from "../client/open-client.ts";
import type { PawlClient } from "../client/pawl-client.ts";
import { commandName } from "../command-name.ts";
import { EXIT, exitCodeOf } from "../exit-codes.ts";
import { showInput } from "../output/describe.ts";
import { linkNotices } from "../output/link-notices.ts";
import { oneLine } from "../output/printable.ts";
import { sayError } from "../output/say-error.ts";
import type { TurnEnd, TurnOutput } from "../output/turn-output.ts";
import { followTurn } from "./follow-turn.ts";
import { type OutputOptions, openOutput } from "./open-output.ts";
import { configOf } from "./server-options.ts";

export interface ForkOptions extends OutputOptions {
  readonly at: number;
  readonly prompt?: string;
  readonly live?: true;
  readonly session?: string;
}

/** A turn that goes another way from a point of an earlier one, shown while it happens. @returns the exit code */
export async function fork(source: string, options: ForkOptions): Promise<number> {
  const output = openOutput(options);
  let client: PawlClient | undefined;
  let turnId: string | undefined;
  const leave = () => process.exit(EXIT.cancelled);
  const signals = onStopSignals(() => {
    if (client === undefined || turnId === undefined) return leave();
    output.notice("Cancelling the fork (interrupted).");
    client.cancel(turnId, "interrupted").catch((error: unknown) => output.notice(String(error)));
  }, leave);
  try {
    const { at, prompt, live = false, session, dataDir } = options;
    const config = configOf(dataDir === undefined ? {} : { dataDir });
    client = await openClient({
      config,
      server: options.server,
      ...linkNotices(output),
    });
    const ids = await client.fork(source, {
      at,
      live,
      idempotencyKey: randomUUID(),
      ...(prompt !== undefined && { prompt }),
      ...(session !== undefined && { sessionId: session }),
    });
    turnId = ids.turnId;
    output.accepted(ids);
    // Its last line comes after what is said of the calls that were not made.
    const ends: TurnEnd[] = [];
    const result = await followTurn(client, turnId, { ...output, finished: (end) => void ends.push(end) });
    if (!live) sayNotMade(await client.reads.effects(turnId), output, options);
    for (const end of ends) output.finished(end);
    return exitCodeOf(result);
  } catch (error) {
    output.close();
    const code = sayError(error, options.json === true);
    if (turnId !== undefined) {
      process.stderr.write(
        `The fork is stored. See how it goes on with: ${commandName(process.env)} watch ${turnId}\n`,
      );
    }
    return code;
  } finally {
    output.close();
    await client?.close();
    signals.off();
  }
}

/** What a dry run would have done to the world. */
function sayNotMade(effects: readonly WireEffect[], output: TurnOutput, options: OutputOptions): void {
  const notMade = effects.filter(({ code }) => code === "dry_run");
  if (options.json) {
    const calls = notMade.map(({ effect_id, tool, input }) => ({ effect_id, tool, input }));
    process.stdout.write(`${JSON.stringify({ type: "fork.dry", not_made: calls })}\n`);
  } else if (!options.quiet) {
    if (notMade.length === 0) output.notice("A dry run: every call that it wished for was made.");
    else output.notice("A dry run. These calls were not made; --live makes them:");
    for (const { tool = "", input = null } of notMade)
      output.notice(`  ${oneLine(tool, 100)} ${showInput(input)}`);
  }
}
