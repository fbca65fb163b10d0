import type { OutboxRecord } from "@pawl/core/ports";
import { createDeadLetters, type DeadLetters } from "@pawl/host";
import { EXIT } from "../exit-codes.ts";
import { printable } from "../output/printable.ts";
import { createStyle, wantsColour } from "../output/style.ts";
import { showAge, table } from "../output/table.ts";
import { type AdminOptions, withAdminStore } from "./with-admin-store.ts";

export interface DeadLetterListOptions extends AdminOptions {
  readonly limit: number;
  readonly session?: string;
}

export async function deadLetterList({ limit, session, ...options }: DeadLetterListOptions): Promise<number> {
  return withAdminStore(options, async ({ store, clear }) => {
    const query = { limit, ...(session !== undefined && { session }) };
    const letters = await createDeadLetters(store as never).list(query);
    clear();
    if (options.json) process.stdout.write(`${JSON.stringify({ dead_letters: letters.map(shown) })}\n`);
    else if (letters.length === 0) process.stdout.write("There are no dead letters.\n");
    else process.stdout.write(describe(letters));
    return EXIT.completed;
  });
}

/** Tried again by the servers on this database, within seconds. */
export function deadLetterRetry(id: string, options: AdminOptions): Promise<number> {
  return settle(id, options, "retried", (letters) => letters.retry(id));
}

export function deadLetterDiscard(id: string, options: AdminOptions): Promise<number> {
  return settle(id, options, "discarded", (letters) => letters.discard(id));
}

async function settle(
  id: string,
  options: AdminOptions,
  state: "retried" | "discarded",
  act: (letters: DeadLetters) => Promise<void>,
): Promise<number> {
  return withAdminStore(options, async ({ store, clear }) => {
    await act(createDeadLetters(store as never));
    clear();
    const said =
      state === "retried" ? "It is tried again by the servers on this database." : "It is forgotten.";
    process.stdout.write(options.json ? `${JSON.stringify({ id, state })}\n` : `${said}\n`);
    return EXIT.completed;
  });
}

function shown({ id, sessionId, runId, item, attempts, failure, createdAt }: OutboxRecord) {
  return {
    id,
    session_id: sessionId,
    run_id: runId,
    ...(item.type === "message"
      ? { type: item.type, topic: item.topic }
      : { type: item.type, to_session_id: item.input.sessionId, input_id: item.input.inputId }),
    attempts,
    failure,
    created_at: createdAt,
  };
}

function describe(letters: readonly OutboxRecord[]): string {
  const rows = letters.map(({ id, sessionId, item, attempts, failure, createdAt }) => [
    id,
    printable(sessionId),
    printable(item.type === "message" ? `message "${item.topic}"` : `input for ${item.input.sessionId}`),
    String(attempts),
    showAge(Date.now() - createdAt),
    printable(failure === null ? "" : `${failure.code}: ${failure.message}`),
  ]);
  const style = createStyle(wantsColour(process.stdout, process.env));
  return table(["ID", "SESSION", "WHAT", "ATTEMPTS", "MADE", "FAILURE"], rows, style);
}
