import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { receiptKeySchema } from "@pawl/http";
import { findServer, readToken } from "@pawl/server";
import { z } from "zod";

/** Public keys, base64url, of hosts whose receipts this data folder has met. No secret: but who may write it says whose receipts hold. */
const fileSchema = z.object({ version: z.literal(1), keys: z.array(z.string()) });

const fileOf = (dataDir: string) => join(dataDir, "receipt-keys.json");

async function knownKeys(dataDir: string): Promise<readonly string[]> {
  try {
    const parsed = fileSchema.safeParse(JSON.parse(await readFile(fileOf(dataDir), "utf8")));
    return parsed.success ? parsed.data.keys : [];
  } catch {
    return [];
  }
}

/** Keeps the key of a host that was asked itself. A folder that cannot be written forgets it: it only costs a `--key` later. */
export async function rememberReceiptKey(dataDir: string, publicKey: string): Promise<void> {
  const keys = await knownKeys(dataDir);
  if (keys.includes(publicKey)) return;
  const file = fileOf(dataDir);
  const fresh = `${file}.${process.pid}`;
  try {
    await mkdir(dataDir, { recursive: true });
    await writeFile(fresh, `${JSON.stringify({ version: 1, keys: [...keys, publicKey] })}\n`);
    // Whoever reads sees the old file or the new one.
    await rename(fresh, file);
  } catch {
    // Nothing hangs on it.
  }
}

/** Whether the folder has met this key, or a server that runs on it signs with it. */
export async function isReceiptKeyKnown(dataDir: string, publicKey: string): Promise<boolean> {
  if ((await knownKeys(dataDir)).includes(publicKey)) return true;
  const asked = await keyOfServer(dataDir);
  if (asked !== undefined) await rememberReceiptKey(dataDir, asked);
  return asked === publicKey;
}

const ANSWER_MS = 5_000;

async function keyOfServer(dataDir: string): Promise<string | undefined> {
  try {
    const server = await findServer(dataDir);
    const token = process.env.PAWL_TOKEN ?? (await readToken(dataDir));
    if (server === undefined || token === undefined) return undefined;
    const response = await fetch(new URL("v1/receipt-key", `${server.url.replace(/\/*$/, "")}/`), {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    return receiptKeySchema.parse(await response.json()).public_key;
  } catch {
    return undefined;
  }
}
