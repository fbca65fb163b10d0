// D10, D28: one direct connection hears hints, proves itself, comes back, and shows by an advisory lock that its process lives.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { sessionId } from "@pawl/core";
import type { NodeLease } from "@pawl/core/ports";
import { createTestDatabase, startTestPostgres, type TestDatabase } from "@pawl/test-postgres";
import { recordingLogger } from "@pawl/testing";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { type ListenConnection, Listener } from "../src/connection/listener.ts";
import { adminPool, fresh, newInput, openStore, openTurn, type PgStore, turnEnd } from "./harness.ts";

let database: TestDatabase;
let admin: pg.Pool;
const stores: PgStore[] = [];
const children: ChildProcess[] = [];
beforeAll(async () => {
  database = await createTestDatabase();
  admin = adminPool(database.url, 4);
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await Promise.all(stores.splice(0).map((store) => store.close()));
});
afterAll(async () => {
  await admin.end();
  await database.drop();
});

async function listening(): Promise<PgStore> {
  const store = await openStore(database.url, { listenUrl: database.url });
  stores.push(store);
  return store;
}

const patient = { timeout: 15_000, interval: 10 };

async function startWorker(
  ttlMs: number,
  url = database.url,
): Promise<{ child: ChildProcess; session: string; turn: string; node: NodeLease }> {
  const script = fileURLToPath(new URL("worker.ts", import.meta.url));
  const child = spawn(process.execPath, [script, url, String(ttlMs)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  const [line] = (await once(child.stdout!, "data")) as [Buffer];
  return { child, ...JSON.parse(String(line)) };
}

/** By the database's clock. */
async function leaseLeftMs(node: NodeLease): Promise<number> {
  const { rows } = await admin.query(
    "select extract(epoch from expires_at - clock_timestamp()) * 1000 as left from pawl.node_heartbeats where node_id = $1",
    [node.nodeId],
  );
  return Number(rows[0]?.left ?? Number.NaN);
}

describe("hints between processes", () => {
  test("an input is heard, with its session and nothing else; a commit too", async () => {
    const near = await listening();
    const far = await listening();
    const work = vi.fn();
    far.leases.onWork(work);
    const session = sessionId(fresh("s"));
    await near.inbox.accept(newInput(session));
    await vi.waitFor(() => expect(work).toHaveBeenCalledWith(session), patient);

    const open = await openTurn(near);
    const grown = vi.fn();
    far.log.onAppend(open.session, grown);
    await near.sessions.commit(open.fence, turnEnd(open));
    await vi.waitFor(() => expect(grown).toHaveBeenCalled(), patient);
  });

  test("an input in the caller's transaction is heard when that commits", async () => {
    const far = await listening();
    const heard: unknown[] = [];
    far.leases.onWork((id) => heard.push(id));
    const near = await openStore(database.url);
    stores.push(near);
    const session = sessionId(fresh("s"));
    const client = await admin.connect();
    await client.query("begin");
    await near.inbox.accept(newInput(session), { tx: client });
    const other = sessionId(fresh("s"));
    await near.inbox.accept(newInput(other));
    await vi.waitFor(() => expect(heard).toContain(other), patient);
    expect(heard).not.toContain(session);
    await client.query("commit");
    client.release();
    await vi.waitFor(() => expect(heard).toContain(session), patient);
  });

  test("a listener that is cut off comes back, says so, and hears again", async () => {
    const store = await listening();
    const node = await store.leases.openNode(fresh("n") as never, { ttlMs: 60_000 });
    const work = vi.fn();
    store.leases.onWork(work);
    const { rowCount } = await admin.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and (query like 'listen%' or query like '%pg_try_advisory_lock%')",
    );
    expect(rowCount).toBeGreaterThan(0);
    await vi.waitFor(() => expect(work).toHaveBeenCalledWith(undefined), patient);
    // It shows again that it lives, and nobody takes its sessions.
    await vi.waitFor(async () => {
      const { rows } = await admin.query("select watched from pawl.node_heartbeats where node_id = $1", [
        node.nodeId,
      ]);
      expect(rows).toEqual([{ watched: true }]);
    }, patient);
    await store.leases.renewNode(node);
    const other = await openStore(database.url);
    stores.push(other);
    const session = sessionId(fresh("s"));
    await other.inbox.accept(newInput(session));
    await vi.waitFor(() => expect(work).toHaveBeenCalledWith(session), patient);
  });

  test("through a pooler nobody listens, and everything else works", async () => {
    const logger = recordingLogger();
    // What a pooler does: it answers with a process id that is not the one of the session behind it.
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    const pooled = new Proxy(client, {
      get: (target, key) => {
        if (key === "processID") return 1;
        const value = Reflect.get(target, key) as unknown;
        return typeof value === "function" ? value.bind(target) : value;
      },
    }) as unknown as ListenConnection["client"];
    const connect = vi.fn(async () => ({ client: pooled, close: () => void client.end() }));
    const listener = new Listener({ ...quiet, connect, logger, send: vi.fn() });
    listener.prepare();
    await listener.start();
    expect(listener.live).toBe(false);
    expect(connect).toHaveBeenCalledTimes(1);
    expect(await listener.lock("1")).toBe(false);
    await listener.stop();
    expect(connect).toHaveBeenCalledTimes(1);
  });

  test("what was prepared is gone on with, unless it broke meanwhile, and is closed when nobody starts", async () => {
    const clients: pg.Client[] = [];
    const gone: Promise<unknown>[] = [];
    const connect = async () => {
      const client = new pg.Client({ connectionString: database.url });
      gone.push(new Promise((resolve) => client.once("end", resolve)));
      await client.connect();
      clients.push(client);
      return { client, close: () => void client.end().catch(() => undefined) };
    };
    const send = (channel: string, payload: string) =>
      admin.query("select pg_notify($1, $2)", [channel, payload]);
    const make = () => new Listener({ ...quiet, connect, logger: recordingLogger(), send });
    const used = make();
    used.prepare();
    await used.start();
    expect([used.live, clients.length]).toEqual([true, 1]);
    await used.stop();

    const broken = make();
    broken.prepare();
    await vi.waitFor(() => expect(clients).toHaveLength(2), patient);
    const { processID } = clients[1] as ListenConnection["client"];
    await admin.query("select pg_terminate_backend($1)", [processID]);
    await gone[1];
    await broken.start();
    await vi.waitFor(() => expect([broken.live, clients.length]).toEqual([true, 3]), patient);
    await broken.stop();

    const unused = make();
    unused.prepare();
    unused.unprepare();
    await vi.waitFor(() => expect(clients).toHaveLength(4), patient);
    await Promise.all(gone);
  });

  test("a connection on which nothing comes round does not count as live", async () => {
    const listener = new Listener({
      ...quiet,
      connect: async () => {
        const client = new pg.Client({ connectionString: database.url });
        await client.connect();
        return { client, close: () => void client.end() };
      },
      logger: recordingLogger(),
      send: async () => undefined,
      proofMs: 50,
    });
    await listener.start();
    expect(listener.live).toBe(false);
    await listener.stop();
  });
});

const quiet = {
  channels: ["pawl_test"],
  onHint: () => undefined,
  onLive: () => undefined,
  onLost: () => undefined,
  newId: () => crypto.randomUUID(),
  random: () => 0.5,
};

describe("two processes", () => {
  test("a process that is killed is known to be dead before its lease runs out, however young the database is", async () => {
    const ttlMs = 600_000;
    const worker = await startWorker(ttlMs);
    const store = await listening();
    const node = await store.leases.openNode(fresh("n") as never, { ttlMs: 60_000 });
    const request = { sessionId: worker.session as never, limit: 1, behaviours: ["pawl-1"] };
    expect(await store.leases.claim(node, request)).toEqual([]);
    worker.child.kill("SIGKILL");
    let left = Number.NaN;
    const claim = await vi.waitFor(async () => {
      left = await leaseLeftMs(worker.node);
      const [found] = await store.leases.claim(node, request);
      expect(found).toBeDefined();
      return found!;
    }, patient);
    expect(left).toBeGreaterThan(0);
    expect(claim).toMatchObject({ openTurn: worker.turn, logHead: 2, attempts: 0 });
  }, 30_000);

  test("a process that is killed is told of at once, though nobody polls, and its sessions with it", async () => {
    const ttlMs = 600_000;
    const worker = await startWorker(ttlMs);
    const store = await listening();
    const node = await store.leases.openNode(fresh("n") as never, { ttlMs: 60_000 });
    const request = { sessionId: worker.session as never, limit: 1, behaviours: ["pawl-1"] };
    await vi.waitFor(async () => {
      await store.leases.renewNode(node);
      const { rows } = await admin.query(
        `select a.pid from pg_locks l join pg_stat_activity a on a.pid = l.pid
         where l.locktype = 'advisory' and not l.granted and a.datname = current_database()`,
      );
      expect(rows).toHaveLength(1);
    }, patient);
    let told = 0;
    store.leases.onWork(() => {
      told += 1;
    });
    worker.child.kill("SIGKILL");
    await vi.waitFor(() => expect(told).toBeGreaterThan(0), patient);
    expect(await leaseLeftMs(worker.node)).toBeGreaterThan(0);
    expect(await store.leases.claim(node, request)).toHaveLength(1);
  }, 30_000);

  test("a store that watches another process closes at once, and leaves no wait behind", async () => {
    await startWorker(60_000);
    const store = await openStore(database.url, { listenUrl: database.url });
    const node = await store.leases.openNode(fresh("n") as never, { ttlMs: 60_000 });
    const waits = async () => {
      const { rows } = await admin.query(
        "select pid from pg_stat_activity where datname = current_database() and query like '%pg_advisory_xact_lock_shared%' and state = 'active' and pid <> pg_backend_pid()",
      );
      return rows.length;
    };
    await vi.waitFor(async () => {
      await store.leases.renewNode(node);
      expect(await waits()).toBe(1);
    }, patient);
    await store.close();
    expect(await waits()).toBe(0);
  }, 30_000);

  test("of a process that was there before the database was started again only the lease counts at first", async () => {
    const postgres = await startTestPostgres();
    try {
      const worker = await startWorker(600_000, postgres.url);
      await postgres.crash();
      worker.child.kill("SIGKILL");
      await postgres.restart();
      const store = await openStore(postgres.url, { listenUrl: postgres.url });
      const node = await store.leases.openNode(fresh("n") as never, { ttlMs: 60_000 });
      const request = { sessionId: worker.session as never, limit: 1, behaviours: ["pawl-1"] };
      expect(await store.leases.claim(node, request)).toEqual([]);
      await store.close();
    } finally {
      await postgres.stop();
    }
  }, 60_000);

  test("a process that is stopped keeps its sessions until its lease runs out, and writes nothing when it comes back", async () => {
    const worker = await startWorker(1500);
    const store = await listening();
    const node = await store.leases.openNode(fresh("n") as never, { ttlMs: 60_000 });
    const request = { sessionId: worker.session as never, limit: 1, behaviours: ["pawl-1"] };
    worker.child.kill("SIGSTOP");
    const claim = await vi.waitFor(async () => {
      const [found] = await store.leases.claim(node, request);
      expect(found).toBeDefined();
      return found!;
    }, patient);
    expect(claim).toMatchObject({ openTurn: worker.turn, logHead: 2 });
    const said = once(worker.child.stdout!, "data");
    worker.child.kill("SIGCONT");
    expect(String((await said)[0])).toContain("store_fenced");
  }, 30_000);

  test("a store that is closed without closing its node is dead to the others at once", async () => {
    const store = await openStore(database.url, { listenUrl: database.url });
    const open = await openTurn(store, { ttlMs: 4000 });
    await store.close();
    const other = await listening();
    const node = await other.leases.openNode(fresh("n") as never, { ttlMs: 60_000 });
    await vi.waitFor(async () => {
      const left = await leaseLeftMs(open.node);
      expect(
        await other.leases.claim(node, { sessionId: open.session, limit: 1, behaviours: ["pawl-1"] }),
      ).toHaveLength(1);
      expect(left).toBeGreaterThan(0);
    }, patient);
  });
});
