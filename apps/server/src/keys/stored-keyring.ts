import { randomBytes } from "node:crypto";
import type { Secrets } from "@pawl/core/ports";
import { serverError } from "../errors.ts";
import { STORED_SECRET_NAME, storedSecret } from "../signing-keys.ts";

/** One key of a keyring, without what is secret of it. */
export interface KeyInfo {
  readonly id: string;
  /** `signs`: the first. `verifies`: an older one, whose links and keys work still. `next`: a newer one, which does not sign yet. */
  readonly use: "signs" | "verifies" | "next";
}

/** Of `id:base64,id:base64`, the first of which signs. Pure. */
export function keysOf(keyring: string): readonly KeyInfo[] {
  const ids = entriesOf(keyring).map(idOf);
  const newest = Math.max(...ids.map(numberOf));
  return ids.map((id, index) => ({
    id,
    use: index === 0 ? "signs" : numberOf(id) === newest && newest > 0 ? "next" : "verifies",
  }));
}

/**
 * The keyring with a new key. `now`: it signs from the next start on. Else it only verifies until the keyring is rotated again, so that
 * processes that know it and processes that do not yet believe one another meanwhile. A key that waits for that signs now, and no
 * other is made.
 */
export function rotated(keyring: string, { now }: { readonly now: boolean }): string {
  const entries = entriesOf(keyring);
  const waiting = keysOf(keyring).findIndex(({ use }) => use === "next");
  if (waiting > 0) {
    const next = entries.splice(waiting, 1);
    return [...next, ...entries].join(",");
  }
  const id = `k${Math.max(...entries.map(idOf).map(numberOf)) + 1}`;
  const fresh = `${id}:${randomBytes(32).toString("base64")}`;
  return (now ? [fresh, ...entries] : [...entries, fresh]).join(",");
}

/** The keyring without a key. @throws PawlError `key_unknown`, `key_in_use` */
export function without(keyring: string, id: string): string {
  const key = keysOf(keyring).find((one) => one.id === id);
  if (key === undefined) {
    throw serverError("key_unknown", `There is no key "${id}". \`pawl keys list\` shows those that are.`);
  }
  if (key.use === "signs") {
    throw serverError(
      "key_in_use",
      `Key "${id}" signs. Rotate first, with \`pawl keys rotate\`: then another one does.`,
    );
  }
  return entriesOf(keyring)
    .filter((entry) => idOf(entry) !== id)
    .join(",");
}

/** Changes the keyring that the store keeps. @throws PawlError `key_conflict` when somebody else did so at the same time */
export async function changeStoredKeyring(
  secrets: Secrets,
  change: (keyring: string) => string,
): Promise<string> {
  const before = await storedSecret(secrets);
  const after = change(before);
  if (await secrets.replace(STORED_SECRET_NAME, before, after)) return after;
  throw serverError(
    "key_conflict",
    "Somebody else changed the keys at the same time. Look at them with `pawl keys list`, and try again.",
  );
}

const entriesOf = (keyring: string) => keyring.split(",").map((entry) => entry.trim());
const idOf = (entry: string) => entry.slice(0, entry.indexOf(":"));
/** Of `k12` it is 12; other names are older than all of these. */
const numberOf = (id: string) => Number(/^k(\d{1,9})$/.exec(id)?.[1] ?? 0);
