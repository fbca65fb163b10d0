import { randomUUID } from "node:crypto";
import { text } from "node:stream/consumers";
import type { Delivery } from "@pawl/core/ports";
import { commandName } from "../command-name.ts";
import { cliError } from "../errors.ts";
import { EXIT } from "../exit-codes.ts";
import { sayError } from "../output/say-error.ts";
import { type LimitOptions, limitsIn } from "./turn-limits.ts";
import { type ClientOptions, withClient } from "./with-client.ts";

export interface SubmitOptions extends ClientOptions, LimitOptions {
  readonly session?: string;
  readonly agent?: string;
  readonly model?: string;
  readonly ask?: readonly string[];
  readonly delivery?: Delivery;
  readonly key?: string;
  readonly at?: string;
}

/** Hands in an input and leaves: it is durable when this ends, and whoever serves the database drives it. @returns the exit code */
export async function submit(words: string, options: SubmitOptions): Promise<number> {
  let content: string;
  let at: number | undefined;
  try {
    content = words === "-" ? await text(process.stdin) : words;
    if (content.trim() === "") throw cliError("usage", "The prompt is empty. Say what to do.");
    if (options.key !== undefined && options.session === undefined) {
      throw cliError("usage", "A key belongs to a session: say which one with --session.");
    }
    at = options.at === undefined ? undefined : timeOf(options.at);
  } catch (error) {
    return sayError(error, options.json === true);
  }
  return withClient(options, async ({ client, clear }) => {
    const { session, agent, model, ask, delivery, key } = options;
    const limits = limitsIn(options);
    const { sessionId, turnId } = await client.send({
      sessionId: session ?? `s_${randomUUID().replaceAll("-", "").slice(0, 12)}`,
      content,
      ...(agent !== undefined && { agent }),
      ...(model !== undefined && { model }),
      ...(ask !== undefined && { ask }),
      ...(limits !== undefined && { limits }),
      ...(delivery !== undefined && { delivery }),
      ...(key !== undefined && { idempotencyKey: key }),
      ...(at !== undefined && { at }),
    });
    clear();
    const line = { type: "turn.accepted", session_id: sessionId, turn_id: turnId };
    process.stdout.write(
      options.json
        ? `${JSON.stringify(line)}\n`
        : `Accepted as turn ${turnId} of session ${sessionId}. See it with: ${commandName(process.env)} watch ${turnId}\n`,
    );
    return EXIT.completed;
  });
}

/** Milliseconds since the epoch. */
function timeOf(words: string): number {
  const at = Date.parse(words);
  if (Number.isFinite(at)) return at;
  throw cliError("usage", `--at must be a time such as 2027-01-31T09:00:00Z, not "${words}".`);
}
