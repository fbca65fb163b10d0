import type { WireSession } from "@pawl/http";
import { EXIT } from "../exit-codes.ts";
import { createStyle, wantsColour } from "../output/style.ts";
import { showAge, table } from "../output/table.ts";
import { type ClientOptions, withClient } from "./with-client.ts";

export interface ListOptions extends ClientOptions {
  readonly limit: number;
}

export async function sessions({ limit, ...options }: ListOptions): Promise<number> {
  return withClient(options, async ({ client, clear }) => {
    const found = await client.reads.sessions(limit);
    clear();
    if (options.json) process.stdout.write(`${JSON.stringify({ sessions: found })}\n`);
    else if (found.length === 0) process.stdout.write("There are no sessions yet.\n");
    else process.stdout.write(describe(found));
    return EXIT.completed;
  });
}

function describe(found: readonly WireSession[]): string {
  const rows = found.map((session) => [
    session.session_id,
    stateOf(session),
    String(session.message_count),
    showAge(Date.now() - session.created_at),
    session.open_turn ?? "",
  ]);
  const style = createStyle(wantsColour(process.stdout, process.env));
  return table(["SESSION", "STATE", "MESSAGES", "BEGUN", "OPEN TURN"], rows, style);
}

function stateOf({ blocked, parked, open_turn, runtime_state }: WireSession): string {
  if (blocked !== null) return "blocked";
  if (open_turn === null) return runtime_state;
  return parked ? "waiting" : "running";
}
