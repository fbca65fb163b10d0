import pg from "pg";

/**
 * One connection that says to all who look: this process uses the database. The system ends it with the
 * process, however the process ends, so the database itself always knows who is there.
 */
export interface Presence {
  /** True when another living process (or another opening in this one) is present too; `except`: a process that counts as gone. */
  othersAreHere(options?: { readonly except?: number }): Promise<boolean>;
  /** Takes the sign down at once, then ends the connection. */
  leave(): Promise<void>;
  /** Resolves when the connection was lost, and never after `leave`. */
  readonly lost: Promise<void>;
}

const prefix = "pawl:";

export async function becomePresent(url: string): Promise<Presence> {
  const client = new pg.Client({
    connectionString: url,
    application_name: `${prefix}${process.pid}`,
    keepAlive: true,
  });
  let left = false;
  const lost = new Promise<void>((resolve) => {
    client.on("error", () => undefined);
    client.once("end", () => {
      if (!left) resolve();
    });
  });
  await client.connect();
  return {
    lost,
    async othersAreHere({ except } = {}) {
      const { rows } = await client.query<{ pid: number }>(
        `select substr(application_name, ${prefix.length + 1})::int as pid from pg_stat_activity
         where application_name ~ '^${prefix}[0-9]{1,9}$' and pid <> pg_backend_pid()`,
      );
      // PostgreSQL may need a moment to notice that a killed process is gone.
      return rows.some(({ pid }) => pid !== except && isAlive(pid));
    },
    async leave() {
      left = true;
      // PostgreSQL may list an ended connection a little longer, and whoever leaves next must not count it.
      await client.query("set application_name = ''").catch(() => undefined);
      await client.end().catch(() => undefined);
    },
  };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
