import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
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

let loading: Promise<readonly Migration[]> | undefined;

/** The migrations that this version ships, in order. */
export function loadMigrations(): Promise<readonly Migration[]> {
  loading ??= readMigrations();
  return loading;
}

async function readMigrations(): Promise<readonly Migration[]> {
  const names = (await readdir(MIGRATIONS_FOLDER)).filter((name) => FILE.test(name)).sort();
  return Promise.all(
    names.map(async (name, index) => {
      const text = await readFile(new URL(name, MIGRATIONS_FOLDER), "utf8");
      const number = Number(FILE.exec(name)![1]);
      const oldestReader = OLDEST_READER.exec(text)?.[1];
      if (number !== index + 1 || oldestReader === undefined) {
        throw new Error(`Migration file ${name} is out of order, or does not say its oldest reader.`);
      }
      const hash = createHash("sha256").update(text).digest("hex");
      return { number, name, text, hash, oldestReader: Number(oldestReader) };
    }),
  );
}
