import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import {
  type ApprovalReceipt,
  checkApprovalReceiptText,
  type ReceiptFault,
} from "@pawl/effects/await-events";
import { isReceiptKeyKnown, rememberReceiptKey } from "../client/receipt-keys.ts";
import { EXIT } from "../exit-codes.ts";
import { oneLine } from "../output/printable.ts";
import { sayError } from "../output/say-error.ts";
import { createStyle, wantsColour } from "../output/style.ts";
import { fileError } from "../record/read-record-file.ts";
import { configOf } from "./server-options.ts";
import { type ClientOptions, withClient } from "./with-client.ts";

/** Prints the signed proof of what was decided, as one JSON object. */
export async function printReceipt(id: string, options: ClientOptions): Promise<number> {
  return withClient(options, async ({ client, clear }) => {
    const receipt = await client.approvals.receipt(id);
    await rememberReceiptKey(dataDirOf(options), await client.approvals.publicKey());
    clear();
    process.stdout.write(`${JSON.stringify(receipt, null, options.json ? undefined : 2)}\n`);
    return EXIT.completed;
  });
}

/** Prints the public key that receipts verify with. */
export async function printReceiptKey(options: ClientOptions): Promise<number> {
  return withClient(options, async ({ client, clear }) => {
    const publicKey = await client.approvals.publicKey();
    await rememberReceiptKey(dataDirOf(options), publicKey);
    clear();
    process.stdout.write(options.json ? `${JSON.stringify({ public_key: publicKey })}\n` : `${publicKey}\n`);
    return EXIT.completed;
  });
}

function dataDirOf({ dataDir }: { readonly dataDir?: string }): string {
  return configOf(dataDir === undefined ? {} : { dataDir }).dataDir;
}

export interface VerifyReceiptOptions {
  readonly key?: string;
  readonly dataDir?: string;
  readonly json?: true;
}

/** What was found: a fault, or whose key signed it. */
type Finding =
  | { readonly fault: ReceiptFault | "unknown_key" }
  /** `named` by whoever asks, or `known` to the data folder. */
  | { readonly fault: undefined; readonly key: "named" | "known" };

/**
 * Checks a receipt with its file and a key: the one that was named, else those that the data folder knows. @returns 0 when it holds, 1 when
 * it does not, 4 when nobody knows its key
 */
export async function verifyReceipt(path: string, options: VerifyReceiptOptions): Promise<number> {
  const { json } = options;
  let content: string;
  let finding: Finding;
  try {
    content = path === "-" ? await text(process.stdin) : await readReceipt(path);
    finding = await find(content, options);
  } catch (error) {
    return sayError(error, json === true);
  }
  if (json) process.stdout.write(`${JSON.stringify(asJson(content, finding))}\n`);
  else process.stdout.write(`${describe(content, finding)}\n`);
  if (finding.fault === "unknown_key") return EXIT.unproven;
  return finding.fault === undefined ? EXIT.completed : EXIT.failed;
}

async function readReceipt(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw fileError(path, "read", cause);
  }
}

async function find(content: string, { key, dataDir }: VerifyReceiptOptions): Promise<Finding> {
  const fault = await checkApprovalReceiptText(content, key === undefined ? {} : { publicKey: key });
  if (fault !== undefined) return { fault };
  if (key !== undefined) return { fault, key: "named" };
  const { publicKey } = JSON.parse(content) as ApprovalReceipt;
  const folder = dataDirOf(dataDir === undefined ? {} : { dataDir });
  return (await isReceiptKeyKnown(folder, publicKey)) ? { fault, key: "known" } : { fault: "unknown_key" };
}

function asJson(content: string, finding: Finding) {
  const type = "receipt.verified";
  if (finding.fault === undefined)
    return { type, valid: true, key: finding.key, receipt: JSON.parse(content) as ApprovalReceipt };
  const { fault } = finding;
  const about = { type, valid: false, fault, message: WHY[fault] };
  if (fault !== "unknown_key") return about;
  const receipt = JSON.parse(content) as ApprovalReceipt;
  return { ...about, public_key: receipt.publicKey, receipt };
}

const WHY: Readonly<Record<ReceiptFault | "unknown_key", string>> = {
  not_a_receipt: "This is not a receipt of an approval, or not a whole one.",
  altered: "It is not what was signed: it was altered.",
  other_key: "It was signed with another key than the one that you named.",
  unknown_key:
    "It was not altered since it was signed, but the key that signed it is not known here, so anybody could have. Pass --key with the key of the host that you trust.",
};

const HOW: Readonly<Record<ApprovalReceipt["decision"], string>> = {
  approved: "approved",
  edited: "approved with other arguments",
  denied: "denied",
  expired: "expired",
  cancelled: "taken back",
};

function describe(content: string, finding: Finding): string {
  const style = createStyle(wantsColour(process.stdout, process.env));
  const { fault } = finding;
  if (fault !== undefined && fault !== "unknown_key") return `${style.bad("✗ not valid")}: ${WHY[fault]}`;
  const receipt = JSON.parse(content) as ApprovalReceipt;
  const { decision, tool, input, editedInput, by, reason, decidedAt, publicKey } = receipt;
  const head = fault === undefined ? style.good("✓ valid") : style.bad("? not proven");
  return [
    `${head}: ${oneLine(tool, 100)} ${oneLine(JSON.stringify(input), 4_000)}`,
    `was ${HOW[decision]} by ${oneLine(by, 200)} on ${new Date(decidedAt).toISOString()}`,
    ...(editedInput === undefined ? [] : [`with ${oneLine(JSON.stringify(editedInput), 4_000)}`]),
    ...(reason === undefined ? [] : [`because: ${oneLine(reason, 2_000)}`]),
    fault === "unknown_key"
      ? `says a receipt signed by key ${oneLine(publicKey, 100)}. ${WHY[fault]}`
      : `signed with ${finding.fault === undefined && finding.key === "named" ? "the key that you named" : "this host's key"}`,
  ].join("\n");
}
