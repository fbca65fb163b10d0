import { loadConfigFile, type ServerConfig } from "@pawl/server";
import {
  changeStoredKeyring,
  type KeyInfo,
  keysOf,
  rotated,
  storedSecret,
  without,
} from "@pawl/server/runtime";
import { commandName } from "../command-name.ts";
import { EXIT } from "../exit-codes.ts";
import { createStyle, wantsColour } from "../output/style.ts";
import { table } from "../output/table.ts";
import { type AdminOptions, type OpenedStore, withAdminStore } from "./with-admin-store.ts";

/** Where the keyring is kept, and what it is when that is not the database. */
type Source =
  | { readonly from: "database" }
  | { readonly from: "PAWL_SECRET" | "configuration file"; readonly keyring: string };

const USES: Readonly<Record<KeyInfo["use"], string>> = {
  signs: "signs and verifies",
  verifies: "verifies",
  next: "verifies; signs after the next rotation",
};

export async function listKeys(options: AdminOptions): Promise<number> {
  return withAdminStore(options, async ({ store, config, clear }) => {
    const source = await sourceOf(config);
    const keys = keysOf(source.from === "database" ? await storedSecret(store.secrets) : source.keyring);
    clear();
    if (options.json) process.stdout.write(`${JSON.stringify({ from: source.from, keys })}\n`);
    else {
      const style = createStyle(wantsColour(process.stdout, process.env));
      const rows = keys.map(({ id, use }) => [id, USES[use], source.from]);
      process.stdout.write(table(["KEY", "USE", "KEPT IN"], rows, style));
    }
    return EXIT.completed;
  });
}

/** A new key that signs; links and keys that older ones signed stay valid. */
export async function rotateKeys(options: AdminOptions): Promise<number> {
  return change(options, (keyring, others) => rotated(keyring, { now: !others }), sayRotated);
}

/** Takes an older key away: what it signed is valid no more. */
export async function dropKey(id: string, options: AdminOptions): Promise<number> {
  const gone = () =>
    `Key ${id} is gone: links that it signed open nothing any more, on each server from its next start on.`;
  return change(options, (keyring) => without(keyring, id), gone);
}

type Change = (keyring: string, othersRun: boolean) => string;

function change(
  options: AdminOptions,
  perform: Change,
  say: (keys: readonly KeyInfo[]) => string,
): Promise<number> {
  return withAdminStore(options, async ({ store, config, clear }) => {
    const source = await sourceOf(config);
    const others = await othersRun(store);
    if (source.from !== "database") {
      const secret = perform(source.keyring, others);
      clear();
      return sayElsewhere(source.from, secret, options.json === true);
    }
    const keys = keysOf(await changeStoredKeyring(store.secrets, (keyring) => perform(keyring, others)));
    clear();
    if (options.json) process.stdout.write(`${JSON.stringify({ from: source.from, keys })}\n`);
    else process.stdout.write(`${say(keys)}\n`);
    return EXIT.completed;
  });
}

/** What stands in the environment or in a file cannot be changed from here: the new value goes to stdout, and nothing else does. */
function sayElsewhere(from: string, secret: string, json: boolean): number {
  if (json) process.stdout.write(`${JSON.stringify({ from, secret, keys: keysOf(secret) })}\n`);
  else {
    process.stdout.write(`${secret}\n`);
    process.stderr.write(
      `This is the new value for ${from}; nothing was changed. It is a secret: set it there, and start the servers anew.\n`,
    );
  }
  return EXIT.completed;
}

function sayRotated(keys: readonly KeyInfo[]): string {
  const next = keys.find(({ use }) => use === "next");
  if (next === undefined) {
    const [first, ...others] = keys;
    const older = others.map(({ id }) => id).join(", ");
    return `Key ${first?.id} signs on every server from its next start on${older === "" ? "" : `; what ${older} signed stays valid`}.`;
  }
  return [
    `Key ${next.id} is made. Servers are running that do not know it, so it only verifies for now.`,
    `Start each of them anew, then run \`${commandName(process.env)} keys rotate\` again: it signs from then on.`,
  ].join("\n");
}

async function othersRun(store: OpenedStore["store"]): Promise<boolean> {
  const [first] = await store.leases.nodes({ limit: 1 });
  return first?.alive === true;
}

async function sourceOf(config: ServerConfig): Promise<Source> {
  if (config.given.PAWL_SECRET !== undefined)
    return { from: "PAWL_SECRET", keyring: config.given.PAWL_SECRET };
  const file = config.configFile === undefined ? undefined : await loadConfigFile(config.configFile);
  const secret = file?.config.secret;
  return secret === undefined ? { from: "database" } : { from: "configuration file", keyring: secret };
}
