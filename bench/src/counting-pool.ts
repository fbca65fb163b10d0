import pg from "pg";

/** A pool that counts the statements that go over its connections. */
export interface CountingPool {
  readonly pool: pg.Pool;
  readonly statements: number;
}

export function countingPool(url: string, max = 10): CountingPool {
  let statements = 0;
  class CountingClient extends pg.Client {
    // pg overloads this six ways; it is only passed through.
    override query(...args: unknown[]): never {
      statements += 1;
      return super.query(...(args as [string])) as never;
    }
  }
  const pool = new pg.Pool({ connectionString: url, max, Client: CountingClient });
  pool.on("error", () => undefined);
  return {
    pool,
    get statements() {
      return statements;
    },
  };
}
