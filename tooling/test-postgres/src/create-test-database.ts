import { randomBytes } from "node:crypto";
import pg from "pg";
import { inject } from "vitest";

/** A database of one's own in the run's PostgreSQL. */
export interface TestDatabase extends AsyncDisposable {
  readonly url: string;
  readonly name: string;
  /** Drops the database, whoever is still connected. */
  readonly drop: () => Promise<void>;
}

/**
 * An empty database for one test file:
 *
 *     const database = await createTestDatabase();
 *     afterAll(database.drop);
 *
 * Needs `globalSetup: ["@pawl/test-postgres/global-setup"]` in the package's vitest.config.ts, and throws
 * a sentence that says so without it. The whole PostgreSQL goes at the end of the run in any case.
 */
export async function createTestDatabase(): Promise<TestDatabase> {
  const serverUrl = inject("pawlTestPostgresUrl");
  if (serverUrl === undefined)
    throw new Error(
      'No test PostgreSQL runs. Add `test: { globalSetup: ["@pawl/test-postgres/global-setup"] }` to vitest.config.ts.',
    );
  const name = `test_${randomBytes(6).toString("hex")}`;
  await execute(serverUrl, `create database ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const drop = () => execute(serverUrl, `drop database if exists ${name} with (force)`);
  return { url: url.href, name, drop, [Symbol.asyncDispose]: drop };
}

async function execute(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
