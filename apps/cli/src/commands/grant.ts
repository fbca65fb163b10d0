import type { GrantBody } from "@pawl/http";
import { kindOf, turnOfJob } from "../client/find-turn.ts";
import type { PawlClient } from "../client/pawl-client.ts";
import { commandName } from "../command-name.ts";
import { cliError } from "../errors.ts";
import { EXIT } from "../exit-codes.ts";
import { sayError } from "../output/say-error.ts";
import { type ClientOptions, withClient } from "./with-client.ts";

export interface GrantOptions extends ClientOptions {
  readonly tokens?: number;
  readonly usd?: number;
}

/** Turns of a session among which the one that waits is looked for. */
const NEWEST_TURNS = 20;

/** Tops up the budget that a turn waits for. @returns 0, or 1 when somebody was faster or nothing waits */
export async function grant(id: string, { tokens, usd, ...options }: GrantOptions): Promise<number> {
  if (tokens === undefined && usd === undefined) {
    return sayError(cliError("usage", "Say how much: --tokens, --usd or both."), options.json === true);
  }
  const body: GrantBody = {
    ...(tokens !== undefined && { tokens }),
    ...(usd !== undefined && { cost_nano_usd: Math.max(1, Math.round(usd * 1e9)) }),
  };
  return withClient(options, async ({ client, clear }) => {
    const turnId = await turnOf(client, id);
    const answered = await client.grant(turnId, body);
    clear();
    const won = answered.status === "accepted";
    if (options.json) {
      process.stdout.write(
        `${JSON.stringify({ type: "budget.granted", turn_id: turnId, ...answered, ...body })}\n`,
      );
    } else {
      process.stdout.write(
        won
          ? `Granted; the turn goes on. See how with: ${commandName(process.env)} watch ${turnId}\n`
          : "Somebody was faster: it was answered before.\n",
      );
    }
    return won ? EXIT.completed : EXIT.failed;
  });
}

async function turnOf(client: PawlClient, id: string): Promise<string> {
  const kind = kindOf(id);
  if (kind === "turn") return id;
  if (kind === "job") return turnOfJob(client, id);
  const turns = await client.reads.turns(id, NEWEST_TURNS);
  const waiting = turns.findLast(({ state }) => state === "waiting");
  if (waiting !== undefined) return waiting.turn_id;
  throw cliError(
    "grant_not_awaited",
    `Nothing waits in session "${id}". \`${commandName(process.env)} waits list\` shows what does.`,
  );
}
