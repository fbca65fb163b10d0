import type { WireTurnSummary } from "@pawl/http";
import { EXIT } from "../exit-codes.ts";
import { showUsage } from "../output/describe.ts";
import { createStyle, wantsColour } from "../output/style.ts";
import { showAge, table } from "../output/table.ts";
import type { ListOptions } from "./sessions.ts";
import { withClient } from "./with-client.ts";

export async function turns(sessionId: string, { limit, ...options }: ListOptions): Promise<number> {
  return withClient(options, async ({ client, clear }) => {
    const found = await client.reads.turns(sessionId, limit);
    clear();
    if (options.json) process.stdout.write(`${JSON.stringify({ session_id: sessionId, turns: found })}\n`);
    else process.stdout.write(describe(found));
    return EXIT.completed;
  });
}

function describe(found: readonly WireTurnSummary[]): string {
  const rows = found.map(({ turn_id, state, accepted_at, usage, prompt }) => [
    turn_id,
    state,
    showAge(Date.now() - accepted_at),
    usage === undefined ? "" : showUsage(usage),
    prompt,
  ]);
  const style = createStyle(wantsColour(process.stdout, process.env));
  return table(["TURN", "STATE", "ACCEPTED", "USAGE", "PROMPT"], rows, style);
}
