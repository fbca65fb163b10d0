import { createInterface } from "node:readline/promises";
import type { WireErased } from "@pawl/http";
import { cliError } from "../errors.ts";
import { EXIT } from "../exit-codes.ts";
import { printable } from "../output/printable.ts";
import { sayError } from "../output/say-error.ts";
import { type ClientOptions, withClient } from "./with-client.ts";

export interface EraseOptions extends ClientOptions {
  readonly yes?: true;
}

/** Erases a session for ever, once somebody has said so. */
export async function erase(sessionId: string, { yes, ...options }: EraseOptions): Promise<number> {
  if (yes !== true) {
    if (!process.stdin.isTTY || !process.stderr.isTTY) {
      const message = "Erasing cannot be undone. Say so with --yes: nobody can be asked here.";
      return sayError(cliError("confirmation_needed", message), options.json === true);
    }
    if (!(await confirmed(sessionId))) {
      process.stderr.write("Nothing was erased.\n");
      return EXIT.cancelled;
    }
  }
  return withClient(options, async ({ client, clear, show }) => {
    show("Erasing; a turn that runs is asked to end first.");
    const erased = await client.retention.erase(sessionId);
    clear();
    process.stdout.write(options.json ? `${JSON.stringify(erased)}\n` : describe(erased));
    return EXIT.completed;
  });
}

async function confirmed(sessionId: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const question = `This erases everything of session ${printable(sessionId)}, for ever. Type its id to go on: `;
    return (await lines.question(question)).trim() === sessionId;
  } finally {
    lines.close();
  }
}

function describe({ session_id, receipts }: WireErased): string {
  const left = `${receipts} digest${receipts === 1 ? "" : "s"} of receipts`;
  return `Session ${printable(session_id)} is erased. Its id is used up; ${left} outlive${receipts === 1 ? "s" : ""} it, for \`verify\`.\n`;
}
