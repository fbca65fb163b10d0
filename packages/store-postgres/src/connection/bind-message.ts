/** What a parameter can be; PostgreSQL reads it from its text. */
export type Parameter = string | number | boolean | null;

/** Execute without a limit, and Sync. */
const EXECUTE_AND_SYNC = Buffer.from([0x45, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0x53, 0, 0, 0, 4]);
/** Describe the portal, and that. */
const DESCRIBE_EXECUTE_AND_SYNC = Buffer.concat([Buffer.from([0x44, 0, 0, 0, 6, 0x50, 0]), EXECUTE_AND_SYNC]);
const BIND = 0x42;

/** Bind of a prepared statement, with all in text, then execute and sync. `describe`: its rows are to be described first. */
export function bindMessage(name: string, values: readonly Parameter[], describe: boolean): Buffer {
  const texts = values.map((value) => (value === null ? null : String(value)));
  const sizes = texts.map((text) => (text === null ? -1 : Buffer.byteLength(text)));
  const rest = describe ? DESCRIBE_EXECUTE_AND_SYNC : EXECUTE_AND_SYNC;
  // Its own length, the names of portal and statement, both formats, and each value behind its length.
  let length = 4 + 1 + Buffer.byteLength(name) + 1 + 2 + 2 + 2;
  for (const size of sizes) length += 4 + Math.max(0, size);
  const message = Buffer.allocUnsafe(1 + length + rest.length);
  message[0] = BIND;
  let at = message.writeInt32BE(length, 1);
  message[at++] = 0;
  at += message.write(name, at);
  message[at++] = 0;
  at = message.writeInt16BE(0, at);
  at = message.writeInt16BE(values.length, at);
  for (const [index, size] of sizes.entries()) {
    at = message.writeInt32BE(size, at);
    const text = texts[index]!;
    // What takes one byte a character is ASCII, and is written faster as that.
    if (size > 0) at += message.write(text, at, text.length === size ? "latin1" : "utf8");
  }
  at = message.writeInt16BE(0, at);
  rest.copy(message, at);
  return message;
}
