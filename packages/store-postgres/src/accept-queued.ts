import { type InputId, inputPolicy } from "@pawl/core";
import type { Accepted, InputContent, NewInput } from "@pawl/core/ports";
import type { Queryable, Transaction } from "./connection/database.ts";
import type { StoreContext } from "./context.ts";
import { checkInput, enterInput, entryOf } from "./enter-input.ts";
import { objectColumn, textColumn } from "./rows/column.ts";
import { listQueueKey } from "./statements/list-queue-key.ts";
import { lockLine } from "./statements/lock-line.ts";
import { replaceQueuedInputs } from "./statements/replace-queued-inputs.ts";
import { storableKey } from "./storable.ts";

/** Accepts an input that takes the place of others, in one transaction: the caller's, or one of its own. Throws as `Inbox.accept`. */
export async function acceptQueued(
  context: StoreContext,
  given: NewInput,
  tx: Queryable | undefined,
): Promise<Accepted> {
  const { database, hints } = context;
  checkInput(given);
  if (tx !== undefined) {
    return accept(
      context,
      { run: (statement, values) => database.runWithin(tx, statement, values) },
      given,
      false,
    );
  }
  let isRepeated = false;
  const accepted = await database.transaction("accept_queued_input", async (own) => {
    const repeated = isRepeated;
    // Whatever comes of this attempt, the next one may find what it did.
    isRepeated = true;
    return accept(context, own, given, repeated);
  });
  if (!accepted.duplicate) hints.work(given.sessionId);
  return accepted;
}

async function accept(
  context: StoreContext,
  tx: Pick<Transaction, "run">,
  given: NewInput,
  repeated: boolean,
): Promise<Accepted> {
  const { sessionId, delivery, queue } = given;
  const { mode, key } = queue!;
  storableKey(key, "The key of a queue");
  await tx.run(lockLine, [sessionId]);
  const rows = await tx.run(listQueueKey, [sessionId, mode, key, delivery]);
  const replaced = rows.map((row) => textColumn(row, "input_id", "An input") as InputId);
  const isJoined = mode === "coalesce" && replaced.length > 0;
  const before = rows.flatMap(
    (row) => objectColumn<InputContent>(row, "content", "An input", { parts: "object" }).parts,
  );
  const content = isJoined ? { ...given.content, parts: [...before, ...given.content.parts] } : given.content;
  const givenDigest = context.digest({ content: given.content, delivery });

  const run = async (...query: Parameters<Transaction["run"]>) => ({
    rows: await tx.run(...query),
    repeated,
  });
  const accepted = await enterInput(entryOf(context, { ...given, content }), run, givenDigest);
  const { input, duplicate } = accepted;
  // What an earlier attempt accepted has taken their place already.
  if (duplicate || replaced.includes(input.inputId)) return accepted;
  const ended =
    mode === "coalesce"
      ? { type: "coalesced", into: input.inputId }
      : { type: "superseded", by: input.inputId };
  await tx.run(replaceQueuedInputs, [
    input.inputId,
    mode,
    key,
    JSON.stringify(inputPolicy(delivery, mode)),
    isJoined ? JSON.stringify({ type: "coalescing", inputs: replaced }) : null,
    givenDigest,
    replaced,
    ended.type,
    JSON.stringify(ended),
  ]);
  return accepted;
}
