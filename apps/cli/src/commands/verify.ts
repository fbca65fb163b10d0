import type { WireVerification } from "@pawl/http";
import { commandName, shellWord } from "../command-name.ts";
import { EXIT } from "../exit-codes.ts";
import { printable } from "../output/printable.ts";
import { createStyle, wantsColour } from "../output/style.ts";
import { type ClientOptions, withClient } from "./with-client.ts";

export interface VerifyOptions extends ClientOptions {
  readonly anchor?: string;
}

/** Walks a session's chain of receipts. @returns 0 when it holds, 1 when a link is broken */
export async function verify(sessionId: string, { anchor, ...options }: VerifyOptions): Promise<number> {
  return withClient(options, async ({ client, clear }) => {
    const verification = await client.reads.verify(sessionId, anchor);
    clear();
    process.stdout.write(
      options.json ? `${JSON.stringify(verification)}\n` : describe(verification, anchor !== undefined),
    );
    return verification.intact ? EXIT.completed : EXIT.failed;
  });
}

function describe(verification: WireVerification, anchored: boolean): string {
  const { session_id, receipts, messages, head, broken, erased_at } = verification;
  const style = createStyle(wantsColour(process.stdout, process.env));
  if (broken !== null) {
    const turn = broken.turn_id === null ? "" : ` of turn ${broken.turn_id}`;
    const gone = erased_at === null ? "" : `The session was erased at ${new Date(erased_at).toISOString()}. `;
    const where = broken.index < receipts ? `receipt ${broken.index + 1} of ${receipts}${turn}` : "the end";
    return `${gone}${style.bad("✗ broken")} at ${where} (${broken.part}): ${printable(broken.message)}\n`;
  }
  if (erased_at !== null) {
    const when = new Date(erased_at).toISOString();
    return `Session ${printable(session_id)} was erased at ${when}. ${style.good("✓ intact")}: the chain of ${counted(receipts, "digest")} that is left of its receipts.\n`;
  }
  const lines = [
    `${style.good("✓ intact")}: ${counted(receipts, "receipt")} over ${counted(messages, "message")}`,
  ];
  if (head !== null && !anchored) {
    const again = `${commandName(process.env)} verify ${shellWord(session_id)} --anchor ${head}`;
    lines.push(`Keep this where nobody who writes the database can, and run it later: ${again}`);
  }
  return `${lines.join("\n")}\n`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
