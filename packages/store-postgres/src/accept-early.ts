import type { Accepted, NewInput } from "@pawl/core/ports";
import type { InputFlush } from "./connection/input-flush.ts";
import type { StoreContext } from "./context.ts";
import { conflict } from "./errors.ts";
import { enterInput } from "./inbox.ts";
import { acceptInputEarly } from "./statements/accept-input-early.ts";

/** A database that crashes again and again between two statements. */
const MOST_LOSSES = 5;

/** Accepts an input, which can be claimed from then on, and resolves when it is durable. Throws as `Inbox.accept`. */
export async function acceptEarly(
  context: StoreContext,
  flush: InputFlush,
  given: NewInput,
): Promise<Accepted> {
  const { database, hints } = context;
  for (let losses = 0; losses < MOST_LOSSES; losses++) {
    const accepted = await enterInput(context, given, async (_within, values) =>
      database.writeTold(acceptInputEarly, values),
    );
    if (!accepted.duplicate) hints.work(given.sessionId);
    // One that was there already may be on its way to the disk as well.
    if (await flush.settle(accepted.input.inputId)) return accepted;
  }
  throw conflict(`Input "${given.inputId}" was entered and was gone, again and again: look at the database.`);
}
