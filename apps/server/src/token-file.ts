import { randomBytes } from "node:crypto";
import { link, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { serverError, systemCode } from "./errors.ts";

export function tokenFile(dataDir: string): string {
  return join(dataDir, "token");
}

/** The token of a data folder, for clients. Undefined when none was made yet. @throws PawlError `token_file_unusable` */
export async function readToken(dataDir: string): Promise<string | undefined> {
  const path = tokenFile(dataDir);
  try {
    const token = (await readFile(path, "utf8")).trim();
    if (token !== "") return token;
    throw serverError("token_file_unusable", `${path} is empty. Remove it, and the server makes a new one.`);
  } catch (error) {
    const code = systemCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    if (code === "token_file_unusable") throw error;
    throw serverError(
      "token_file_unusable",
      `The token in ${path} cannot be read (${code}). Let this user read it, or set PAWL_TOKEN.`,
      error,
    );
  }
}

/** The token of a data folder, made when there is none: 256 random bits, readable by its owner only. */
export async function loadToken(dataDir: string): Promise<string> {
  const existing = await readToken(dataDir);
  if (existing !== undefined) return existing;
  // Whole or not there, and the first of two processes wins: written aside, then linked.
  const path = tokenFile(dataDir);
  const aside = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    await writeFile(aside, `${randomBytes(32).toString("base64url")}\n`, {
      mode: 0o600,
      flag: "wx",
      flush: true,
    });
    await link(aside, path).catch((error: unknown) => {
      if (systemCode(error) !== "EEXIST") throw error;
    });
  } finally {
    await rm(aside, { force: true });
  }
  return (await readToken(dataDir)) as string;
}
