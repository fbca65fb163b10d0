import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import {
  type ApprovalReceipt,
  checkApprovalReceiptText,
  type ReceiptFault,
} from "@pawl/effects/await-events";
import { EXIT } from "../exit-codes.ts";
import { oneLine } from "../output/printable.ts";
import { sayError } from "../output/say-error.ts";
import { createStyle, wantsColour } from "../output/style.ts";
import { fileError } from "../record/read-record-file.ts";
import { type ClientOptions, withClient } from "./with-client.ts";

/** Prints the signed proof of what was decided, as one JSON object. */
export async function printReceipt(id: string, options: ClientOptions): Promise<number> {
  return withClient(options, async ({ client, clear }) => {
    const receipt = await client.approvals.receipt(id);
    clear();
    process.stdout.write(`${JSON.stringify(receipt, null, options.json ? undefined : 2)}\n`);
    return EXIT.completed;
  });
}

/** Prints the public key that receipts verify with. */
export async function printReceiptKey(options: ClientOptions): Promise<number> {
  return withClient(options, async ({ client, clear }) => {
    const publicKey = await client.approvals.publicKey();
    clear();
    process.stdout.write(options.json ? `${JSON.stringify({ public_key: publicKey })}\n` : `${publicKey}\n`);
    return EXIT.completed;
  });
}

export interface VerifyReceiptOptions {
  readonly key?: string;
  readonly json?: true;
}

/** Checks a receipt with nothing but its file. @returns 0 when it holds, 1 when it does not */
export async function verifyReceipt(path: string, { key, json }: VerifyReceiptOptions): Promise<number> {
  let content: string;
  try {
    content = path === "-" ? await text(process.stdin) : await readFile(path, "utf8");
  } catch (cause) {
    return sayError(fileError(path, "read", cause), json === true);
  }
  const fault = await checkApprovalReceiptText(content, key === undefined ? {} : { publicKey: key });
  if (json) process.stdout.write(`${JSON.stringify(asJson(content, fault))}\n`);
  else process.stdout.write(`${fault === undefined ? describe(JSON.parse(content), key) : refuse(fault)}\n`);
  return fault === undefined ? EXIT.completed : EXIT.failed;
}

function asJson(content: string, fault: ReceiptFault | undefined) {
  if (fault !== undefined) return { type: "receipt.verified", valid: false, fault, message: WHY[fault] };
  return { type: "receipt.verified", valid: true, receipt: JSON.parse(content) as ApprovalReceipt };
}

const WHY: Readonly<Record<ReceiptFault, string>> = {
  not_a_receipt: "This is not a receipt of an approval, or not a whole one.",
  altered: "It is not what was signed: it was altered.",
  other_key: "It was signed with another key than the one that you named.",
};

function refuse(fault: ReceiptFault): string {
  return `${createStyle(wantsColour(process.stdout, process.env)).bad("✗ not valid")}: ${WHY[fault]}`;
}

const HOW: Readonly<Record<ApprovalReceipt["decision"], string>> = {
  approved: "approved",
  edited: "approved with other arguments",
  denied: "denied",
  expired: "expired",
  cancelled: "taken back",
};

function describe(receipt: ApprovalReceipt, key: string | undefined): string {
  const { decision, tool, input, editedInput, by, reason, decidedAt, publicKey } = receipt;
  const style = createStyle(wantsColour(process.stdout, process.env));
  const lines = [
    `${style.good("✓ valid")}: ${oneLine(tool, 100)} ${oneLine(JSON.stringify(input), 4_000)}`,
    `was ${HOW[decision]} by ${oneLine(by, 200)} on ${new Date(decidedAt).toISOString()}`,
    ...(editedInput === undefined ? [] : [`with ${oneLine(JSON.stringify(editedInput), 4_000)}`]),
    ...(reason === undefined ? [] : [`because: ${oneLine(reason, 2_000)}`]),
    key === undefined
      ? `signed with key ${publicKey}: that it is the right one, \`--key\` with the key from elsewhere proves`
      : `signed with the key that you named`,
  ];
  return lines.join("\n");
}
