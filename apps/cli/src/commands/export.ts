import { writeFile } from "node:fs/promises";
import { commandName, shellWord } from "../command-name.ts";
import { EXIT } from "../exit-codes.ts";
import { fileError } from "../record/read-record-file.ts";
import { type ClientOptions, withClient } from "./with-client.ts";

export interface ExportOptions extends ClientOptions {
  readonly out?: string;
}

/** Writes a turn's record, without credentials, as one JSON file. @returns the exit code */
export async function exportTurn(turnId: string, { out, ...options }: ExportOptions): Promise<number> {
  return withClient(options, async ({ client, clear }) => {
    const record = await client.reads.record(turnId, { redact: true });
    clear();
    const text = `${JSON.stringify(record, null, 1)}\n`;
    if (out === undefined || out === "-") {
      process.stdout.write(text);
      return EXIT.completed;
    }
    // Credentials are out; what was said is still nobody else's.
    await writeFile(out, text, { mode: 0o600 }).catch((cause: unknown) => {
      throw fileError(out, "written", cause);
    });
    const replay = `${commandName(process.env)} replay ${shellWord(out)}`;
    process.stderr.write(`Written to ${out}. Replay it with: ${replay}\n`);
    return EXIT.completed;
  });
}
