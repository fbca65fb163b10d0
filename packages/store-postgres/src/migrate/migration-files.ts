import { hash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { MIGRATIONS_FOLDER } from "../migrations-folder.ts";

export interface Migration {
  /** From 1, without gaps. */
  readonly number: number;
  readonly name: string;
  readonly text: string;
  /** SHA-256 of the file. */
  readonly hash: string;
  /** The oldest version of this package's schema whose code still works after it (D30). */
  readonly oldestReader: number;
}

const FILE = /^(\d{4})-[a-z0-9-]+\.sql$/;
const OLDEST_READER = /^-- oldest reader: (\d+)$/m;

let loaded: readonly Migration[] | undefined;

/** The migrations that this version ships, in order. */
export async function loadMigrations(): Promise<readonly Migration[]> {
  loaded ??= readMigrations();
  return loaded;
}

/** At once: for so few small files that takes less of a start than to wait for each of them, and to load what waits. */
function readMigrations(): readonly Migration[] {
  const names = readdirSync(MIGRATIONS_FOLDER).filter((name) => FILE.test(name));
  return names.sort().map((name, index) => {
    const text = readFileSync(new URL(name, MIGRATIONS_FOLDER), "utf8");
    const number = Number(FILE.exec(name)![1]);
    const oldestReader = OLDEST_READER.exec(text)?.[1];
    if (number !== index + 1 || oldestReader === undefined) {
      throw new Error(`Migration file ${name} is out of order, or does not say its oldest reader.`);
    }
    return { number, name, text, hash: hash("sha256", text), oldestReader: Number(oldestReader) };
  });
}
