import type { Accepted, NewInput } from "@pawl/core/ports";
import type { InputFlush } from "./connection/input-flush.ts";
import type { StoreContext } from "./context.ts";
import { enteredInput, enterInput, entryOf } from "./enter-input.ts";
import { conflict } from "./errors.ts";
import { acceptInputUsual } from "./statements/accept-input-usual.ts";

/** A database that crashes again and again between two statements. */
const MOST_LOSSES = 5;

/**
 * Accepts an input, which can be claimed from then on, and resolves when it is durable. `repeated`: it may have been entered already, by an
 * attempt whose answer was lost. Throws as `Inbox.accept`.
 */
export async function acceptEarly(
  context: StoreContext,
  flush: InputFlush,
  given: NewInput,
  repeated = false,
): Promise<Accepted> {
  const { hints } = context;
  for (let losses = 0; losses < MOST_LOSSES; losses++) {
    const accepted = await enter(context, given, repeated);
    if (!accepted.duplicate) hints.work(given.sessionId);
    // One that was there already may be on its way to the disk as well.
    if (await flush.settle(accepted.input.inputId)) return accepted;
  }
  throw conflict(`Input "${given.inputId}" was entered and was gone, again and again: look at the database.`);
}

async function enter(context: StoreContext, given: NewInput, wasRepeated: boolean): Promise<Accepted> {
  const { database } = context;
  const entry = entryOf(context, given);
  const usual = await database.writeTold(acceptInputUsual, entry.values);
  const [row] = usual.rows;
  if (row !== undefined) return { input: enteredInput(entry, row), duplicate: false };
  return await enterInput(entry, async (statement, values) => {
    const { rows, repeated } = await database.writeTold(statement, values);
    return { rows, repeated: repeated || usual.repeated || wasRepeated };
  });
}
