import type { WireDeadLetter } from "@pawl/http";
import { EXIT } from "../exit-codes.ts";
import { printable } from "../output/printable.ts";
import { createStyle, wantsColour } from "../output/style.ts";
import { showAge, table } from "../output/table.ts";
import { type ClientOptions, withClient } from "./with-client.ts";

export interface DeadLetterListOptions extends ClientOptions {
  readonly limit: number;
  readonly session?: string;
}

export async function deadLetterList({ limit, session, ...options }: DeadLetterListOptions): Promise<number> {
  return withClient(options, async ({ client, clear }) => {
    const query = { limit, ...(session !== undefined && { session }) };
    const letters = await client.deadLetters.list(query);
    clear();
    if (options.json) process.stdout.write(`${JSON.stringify({ dead_letters: letters })}\n`);
    else if (letters.length === 0) process.stdout.write("There are no dead letters.\n");
    else process.stdout.write(describe(letters));
    return EXIT.completed;
  });
}

const SETTLED = {
  retry: { state: "retried", said: "It is tried again by the servers on this database." },
  discard: { state: "discarded", said: "It is forgotten." },
} as const;

/** Tried again by the servers on this database, within seconds; or forgotten. */
export async function settleDeadLetter(
  id: string,
  verb: "retry" | "discard",
  options: ClientOptions,
): Promise<number> {
  return withClient(options, async ({ client, clear }) => {
    await client.deadLetters.settle(id, verb);
    clear();
    const { state, said } = SETTLED[verb];
    process.stdout.write(options.json ? `${JSON.stringify({ id, state })}\n` : `${said}\n`);
    return EXIT.completed;
  });
}

function describe(letters: readonly WireDeadLetter[]): string {
  const rows = letters.map((letter) => [
    letter.id,
    printable(letter.session_id),
    printable(letter.type === "message" ? `message "${letter.topic}"` : `input for ${letter.to_session_id}`),
    String(letter.attempts),
    showAge(Date.now() - letter.created_at),
    printable(letter.failure === null ? "" : `${letter.failure.code}: ${letter.failure.message}`),
  ]);
  const style = createStyle(wantsColour(process.stdout, process.env));
  return table(["ID", "SESSION", "WHAT", "ATTEMPTS", "MADE", "FAILURE"], rows, style);
}
