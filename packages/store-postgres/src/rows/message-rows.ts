import type { Json, Message, SessionId } from "@pawl/core";
import type { Row } from "../connection/database.ts";
import { corruptRow } from "../errors.ts";
import { packMessage, unpackMessage } from "../packing/message.ts";
import { numberColumn, textColumn } from "./column.ts";
import { decodedValue } from "./decoded-column.ts";
import { decoders } from "./decoders.ts";

/** What one row holds at most, in characters, but for a message that is larger by itself: whoever reads it has all of it in memory. */
const MOST_CHARACTERS = 256 * 1024;

/**
 * The messages of a commit as rows of several each: a row of its own would cost a short message twice its length, and what resembles
 * what stands beside it is compressed with it. A row has the position of its last message.
 */
export interface StoredMessages {
  readonly positions: readonly number[];
  readonly bodies: readonly string[];
}

/** @param from the position of the first */
export function storedMessages(messages: readonly Message[], turnId: string, from: number): StoredMessages {
  const positions: number[] = [];
  const bodies: string[] = [];
  let run: string[] = [];
  let characters = 0;
  for (const [index, message] of messages.entries()) {
    const text = JSON.stringify(packMessage(message, { turnId }));
    if (run.length > 0 && characters + text.length > MOST_CHARACTERS) {
      positions.push(from + index - 1);
      bodies.push(`[${run.join()}]`);
      run = [];
      characters = 0;
    }
    run.push(text);
    characters += text.length;
  }
  if (run.length > 0) {
    positions.push(from + messages.length - 1);
    bodies.push(`[${run.join()}]`);
  }
  return { positions, bodies };
}

/**
 * The messages of rows in order, those before position `from` left out. A row of one message as it is was written by an earlier version.
 *
 * @throws PawlError `store_corrupt_row`
 */
export function messagesOfRows(rows: readonly Row[], sessionId: SessionId, from = 0): readonly Message[] {
  return rows.flatMap((row) => {
    const where = `Message ${String(row.position)} of "${sessionId}"`;
    const last = numberColumn(row, "position", where);
    const turnId = textColumn(row, "run_id", where);
    const stored = (Array.isArray(row.body) ? row.body : [row.body]) as readonly Json[];
    if (stored.length === 0) throw corruptRow(where, "body holds no message");
    return stored.slice(Math.max(0, from - (last - stored.length + 1))).map((one) =>
      decodedValue<Message>("body", where, () => {
        const message = unpackMessage(one, { turnId });
        decoders().decodeMessage(message);
        return message as unknown as Message;
      }),
    );
  });
}
