import {
  acceptsInputs,
  inputId,
  PawlError,
  type RuntimeState,
  sessionId,
  type TurnId,
  turnIdOfInput,
} from "@pawl/core";
import type { Accepted, InputContent, InputRecord, NewInput } from "@pawl/core/ports";
import type { Row } from "./connection/database.ts";
import type { Statement } from "./connection/statement.ts";
import type { StoreContext } from "./context.ts";
import { conflict, sessionErased } from "./errors.ts";
import { numberColumn, textColumn } from "./rows/column.ts";
import { inputOfRow } from "./rows/input-row.ts";
import { acceptInput } from "./statements/accept-input.ts";
import { storableJson, storableKey } from "./storable.ts";

/** Two that enter the same at once: the second sees the first at the next look. */
const MOST_ENTRY_RACES = 5;

/** @throws PawlError `invalid_id`, `not_storable` */
export function checkInput({
  sessionId: session,
  inputId: input,
  content,
  idempotencyKey,
}: NewInput): string {
  sessionId(session);
  inputId(input);
  if (idempotencyKey !== undefined) storableKey(idempotencyKey, "The idempotency key");
  return storableJson(content, "The input");
}

/** An input that is to be entered, as the statements want it. */
export interface Entry {
  readonly given: NewInput;
  /** As JSON text. */
  readonly content: string;
  readonly digest: string;
  /** That it will begin. */
  readonly turnId: TurnId | null;
  /** $1–$9 of `accept-input.ts`. */
  readonly values: unknown[];
}

/** @throws PawlError as `checkInput` */
export function entryOf({ digest, channels }: StoreContext, given: NewInput): Entry {
  const content = checkInput(given);
  const { delivery, idempotencyKey = null } = given;
  const entryDigest = digest({ content: given.content, delivery });
  const turnId = delivery === "next" ? turnIdOfInput(given.inputId) : null;
  const values = [
    given.sessionId,
    given.inputId,
    content,
    entryDigest,
    delivery,
    idempotencyKey,
    given.at ?? null,
    turnId,
    channels.work,
  ];
  return { given, content, digest: entryDigest, turnId, values };
}

/** What was entered, of which the row says only what the sender did not know. */
export function enteredInput({ given, content, digest, turnId }: Entry, row: Row): InputRecord {
  const { inputId, sessionId, delivery, idempotencyKey, at } = given;
  const where = `Input "${inputId}"`;
  return {
    inputId,
    sessionId,
    // A copy, as it is stored: what the sender does to his own is nobody's business.
    content: JSON.parse(content) as InputContent,
    delivery,
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    ...(at !== undefined && { at }),
    position: numberColumn(row, "position", where),
    state: "queued",
    turnId,
    digest,
    acceptedAt: numberColumn(row, "accepted_at_ms", where),
    lastRunId: null,
    lastBoundarySequence: null,
  };
}

/** Runs the statement that accepts an input, wherever `run` runs it. Throws as `Inbox.accept`. */
export async function enterInput(
  { given, digest, values }: Entry,
  run: (
    statement: Statement,
    values: unknown[],
  ) => Promise<{ readonly rows: readonly Row[]; readonly repeated: boolean }>,
  /** Of what was handed in, where `given` is more than that. */
  givenDigest = digest,
): Promise<Accepted> {
  for (let races = 0; races < MOST_ENTRY_RACES; races++) {
    const { rows, repeated } = await run(acceptInput, values);
    const accepted = concludeEntry(given, givenDigest, rows, repeated);
    if (accepted !== undefined) return accepted;
  }
  throw conflict(`Input "${given.inputId}" could not be entered beside others with the same key: try again.`);
}

/** Undefined: nothing was there and nothing was entered, because somebody else did both meanwhile. */
function concludeEntry(
  given: NewInput,
  contentDigest: string,
  rows: readonly Row[],
  repeated: boolean,
): Accepted | undefined {
  const found = rows.filter((row) => row.how !== null);
  const entered = found.find((row) => row.how === "entered");
  if (entered !== undefined) return { input: inputOfRow(entered), duplicate: false };

  const known = found.map((row) => ({
    input: inputOfRow(row),
    isSame: textColumn(row, "given_digest", "An input") === contentDigest,
  }));
  const own = known.find(({ input }) => input.inputId === given.inputId);
  if (repeated && own?.input.sessionId === given.sessionId && own.isSame) {
    return { input: own.input, duplicate: false };
  }
  const sameKey = known.find(
    ({ input }) =>
      given.idempotencyKey !== undefined &&
      input.sessionId === given.sessionId &&
      input.idempotencyKey === given.idempotencyKey,
  );
  if (sameKey !== undefined) {
    if (sameKey.isSame) return { input: sameKey.input, duplicate: true };
    throw conflict("This idempotency key was used for other content: use a new key for a new input.");
  }
  if (rows[0]?.session_erased === true) throw sessionErased(given.sessionId);
  if (known.length > 0 || rows[0]?.input_erased === true)
    throw conflict(`Input id "${given.inputId}" is taken.`);
  const state = rows[0]?.runtime_state as RuntimeState | null | undefined;
  if (state !== null && state !== undefined && !acceptsInputs(state)) {
    throw new PawlError(
      "session_not_accepting",
      `Session "${given.sessionId}" is ${state} and takes no inputs: use another session.`,
    );
  }
  return undefined;
}
