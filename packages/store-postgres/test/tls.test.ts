// Connections over TLS: what is asked for is what is used, and a server that cannot prove itself is not talked to.
import { chown, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startTestPostgres, type TestPostgres } from "@pawl/test-postgres";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { postgresStore } from "../src/index.ts";
import { adminPool, newInput, openTurn, turnEnd } from "./harness.ts";
import { selfSignedCertificate } from "./self-signed-certificate.ts";

const ours = selfSignedCertificate();
let postgres: TestPostgres;
let admin: pg.Pool;
beforeAll(async () => {
  postgres = await startTestPostgres({ fsync: true });
  admin = adminPool(postgres.url);
  const { rows } = await admin.query("select current_setting('data_directory') as folder");
  const folder = String(rows[0]?.folder);
  const { uid, gid } = await stat(folder);
  for (const [name, text] of [
    ["server.key", ours.key],
    ["server.crt", ours.certificate],
  ] as const) {
    await writeFile(join(folder, name), text, { mode: 0o600 });
    // PostgreSQL runs as another user where the tests run as root.
    if (process.getuid?.() === 0) await chown(join(folder, name), uid, gid);
  }
  await admin.query("alter system set ssl = on");
  await admin.query("select pg_reload_conf()");
  await vi.waitFor(
    async () => {
      const client = new pg.Client({ connectionString: postgres.url, ssl: { rejectUnauthorized: false } });
      await client.connect().finally(() => client.end());
    },
    { timeout: 10_000 },
  );
}, 30_000);
afterAll(async () => {
  await admin.end();
  await postgres.stop();
});

async function connectionsOverTls(): Promise<readonly boolean[]> {
  const { rows } = await admin.query(
    "select s.ssl from pg_stat_ssl s join pg_stat_activity a on a.pid = s.pid where a.application_name = 'pawl'",
  );
  return rows.map((row) => row.ssl as boolean);
}

describe("TLS", () => {
  test("the pool and the connection that listens use it, and everything works over it", async () => {
    const store = postgresStore({ url: postgres.url, ssl: { ca: ours.certificate }, poolSize: 3 });
    const turn = await openTurn(store);
    const heard = vi.fn();
    store.leases.onWork(heard);
    await store.sessions.commit(turn.fence, turnEnd(turn));
    const { input } = await store.inbox.accept(newInput(turn.session));
    await vi.waitFor(() => expect(heard).toHaveBeenCalledWith(input.sessionId), { timeout: 10_000 });
    const encrypted = await connectionsOverTls();
    expect(encrypted.length).toBeGreaterThanOrEqual(2);
    expect(encrypted.every((ssl) => ssl)).toBe(true);
    await store.close();
  });

  test("a server that cannot prove who it is is refused at once, with what to do", async () => {
    const strangers = selfSignedCertificate().certificate;
    const store = postgresStore({ url: postgres.url, ssl: { ca: strangers } });
    await expect(store.open()).rejects.toMatchObject({
      code: "store_unreachable",
      message: expect.stringMatching(/certificate of the database.*`ssl: \{ ca \}`/),
    });
    await store.close();
  });

  test("a server without TLS is not talked to without it", async () => {
    const plain = await startTestPostgres({ fsync: true });
    const store = postgresStore({ url: plain.url, ssl: { ca: ours.certificate } });
    await expect(store.open()).rejects.toMatchObject({
      code: "store_unreachable",
      message: expect.stringMatching(/does not offer TLS/),
    });
    await store.close();
    await plain.stop();
  }, 30_000);
});
