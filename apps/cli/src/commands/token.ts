import type { TokenRecord } from "@pawl/core/ports";
import { makeToken, readTokenRequest, type TokenRequest, tokenDigest } from "@pawl/server/runtime";
import { commandName } from "../command-name.ts";
import { cliError } from "../errors.ts";
import { EXIT } from "../exit-codes.ts";
import { printable } from "../output/printable.ts";
import { sayError } from "../output/say-error.ts";
import { createStyle, wantsColour } from "../output/style.ts";
import { showAge, table } from "../output/table.ts";
import { type AdminOptions, withAdminStore } from "./with-admin-store.ts";

export interface TokenCreateOptions extends AdminOptions, Omit<TokenRequest, "scopes"> {
  readonly scope?: readonly string[];
}

export interface TokenListOptions extends AdminOptions {
  readonly limit: number;
}

/** Makes a token, which is shown this once: only its hash is kept. */
export async function tokenCreate(options: TokenCreateOptions): Promise<number> {
  let request: ReturnType<typeof readTokenRequest>;
  try {
    request = readTokenRequest({ ...options, ...(options.scope !== undefined && { scopes: options.scope }) });
  } catch (error) {
    return sayError(error, options.json === true);
  }
  return withAdminStore(options, async ({ store, clear }) => {
    const { token, tokenId } = makeToken();
    const record = await store.tokens.create({ ...request, tokenId, digest: tokenDigest(token) });
    clear();
    if (options.json) {
      process.stdout.write(`${JSON.stringify({ token, ...shown(record) })}\n`);
      return EXIT.completed;
    }
    // The token alone on stdout, so that it can be taken from there.
    process.stdout.write(`${token}\n`);
    process.stderr.write(
      `${record.tokenId} is for ${who(record)}, ${scopesOf(record)}, ${ends(record, "until it is revoked")}.\n` +
        `Keep the token now: it is not shown again. \`${commandName(process.env)} token revoke ${record.tokenId}\` takes it back.\n`,
    );
    return EXIT.completed;
  });
}

export async function tokenList({ limit, ...options }: TokenListOptions): Promise<number> {
  return withAdminStore(options, async ({ store, clear }) => {
    const records = await store.tokens.list({ limit });
    clear();
    if (options.json) process.stdout.write(`${JSON.stringify({ tokens: records.map(shown) })}\n`);
    else if (records.length === 0)
      process.stdout.write("There are no tokens beside the one of the data folder.\n");
    else process.stdout.write(describe(records));
    return EXIT.completed;
  });
}

export async function tokenRevoke(tokenId: string, options: AdminOptions): Promise<number> {
  return withAdminStore(options, async ({ store, clear }) => {
    const record = await store.tokens.revoke(tokenId);
    if (record === null) {
      throw cliError(
        "token_unknown",
        `There is no token "${tokenId.slice(0, 80)}". Revoke by the id that \`${commandName(process.env)} token list\` shows, not by the token.`,
      );
    }
    clear();
    if (options.json) process.stdout.write(`${JSON.stringify(shown(record))}\n`);
    else
      process.stdout.write(
        `${record.tokenId} lets nobody in any more: on running servers within 10 seconds.\n`,
      );
    return EXIT.completed;
  });
}

function shown(record: TokenRecord) {
  const { tokenId, principal, tenant, scopes, createdAt, expiresAt, revokedAt } = record;
  return {
    id: tokenId,
    principal,
    tenant: tenant ?? null,
    scopes: scopes ?? null,
    created_at: createdAt,
    expires_at: expiresAt,
    revoked_at: revokedAt,
    state: stateOf(record),
  };
}

function stateOf({ expiresAt, revokedAt }: TokenRecord): "valid" | "expired" | "revoked" {
  if (revokedAt !== null) return "revoked";
  return expiresAt !== null && expiresAt <= Date.now() ? "expired" : "valid";
}

function describe(records: readonly TokenRecord[]): string {
  const rows = records.map((record) => [
    record.tokenId,
    who(record),
    record.scopes?.join(",") ?? "all",
    showAge(Date.now() - record.createdAt),
    ends(record, "never"),
    stateOf(record),
  ]);
  const style = createStyle(wantsColour(process.stdout, process.env));
  return table(["TOKEN", "PRINCIPAL", "SCOPES", "MADE", "EXPIRES", "STATE"], rows, style);
}

const who = ({ principal, tenant }: TokenRecord) =>
  printable(tenant === undefined ? principal : `${principal} of ${tenant}`);

const scopesOf = ({ scopes }: TokenRecord) =>
  scopes === undefined ? "for everything that it may do" : `for ${scopes.join(", ")}`;

const ends = ({ expiresAt }: TokenRecord, never: string) =>
  expiresAt === null ? never : `until ${new Date(expiresAt).toISOString().slice(0, 16).replace("T", " ")}`;
