import type { JobId, JobSessionId, SessionId } from "@pawl/core";
import type {
  Attachments,
  AwaitEventRows,
  Inbox,
  Jobs,
  Leases,
  Log,
  Logger,
  NewId,
  Outbox,
  Processes,
  Retention,
  Secrets,
  Sessions,
  Store,
  Tokens,
} from "@pawl/core/ports";
import type { PoolClient } from "pg";
import { postgresAttachments } from "./attachments.ts";
import { postgresAwaits } from "./await-events.ts";
import { BegunTurns } from "./begun-turns.ts";
import { Database } from "./connection/database.ts";
import { GroupCommit } from "./connection/group-commit.ts";
import { Listener } from "./connection/listener.ts";
import { type ConnectionOptions, openListenConnection, openPool } from "./connection/pool.ts";
import { readProcessHint } from "./connection/process-hint.ts";
import type { Channels, StoreContext } from "./context.ts";
import { DatabaseTime } from "./database-time.ts";
import { closed } from "./errors.ts";
import { guarded } from "./guarded.ts";
import { Hints } from "./hints.ts";
import { postgresInbox } from "./inbox.ts";
import { postgresJobs } from "./jobs.ts";
import { jsonDigest } from "./json-digest.ts";
import { postgresLeases } from "./leases.ts";
import { Liveness } from "./liveness.ts";
import { postgresLog } from "./log.ts";
import { LostSessionClaims } from "./lost-session-claims.ts";
import { migrate } from "./migrate/migrate.ts";
import { checkSchemaName } from "./migrate/migrate-postgres.ts";
import { loadMigrations } from "./migrate/migration-files.ts";
import { preflight } from "./migrate/preflight.ts";
import { NeighbourWatch } from "./neighbour-watch.ts";
import { postgresOutbox } from "./outbox.ts";
import { postgresProcesses } from "./processes.ts";
import { postgresRetention } from "./retention.ts";
import { postgresSecrets } from "./secrets.ts";
import { postgresSessions } from "./sessions.ts";
import { hint } from "./statements/hint.ts";
import { postgresTokens } from "./tokens.ts";
import { UsualEnds } from "./usual-ends.ts";

export type PostgresStoreOptions = ConnectionOptions & {
  /** The schema that holds everything; default `pawl`. It is made if it is missing and the role may do that. */
  readonly schema?: string;
  /**
   * A direct URL for the one connection that listens, when `pool` or `url` goes through a pooler. False: do not listen, poll.
   * Without it one connection of the pool is kept for listening.
   */
  readonly listenUrl?: string | false;
  /** False: `open` does not migrate, it only checks. Default true. */
  readonly migrate?: boolean;
  /** How long a failing connection is tried again, in milliseconds; default 10,000. */
  readonly patienceMs?: number;
  /** Default true; they switch themselves off where a pooler does not know them. */
  readonly preparedStatements?: boolean;
  /** True: also open a database with `fsync` or `synchronous_commit` off. For tests that promise nothing about durability. */
  readonly acceptDataLoss?: boolean;
  readonly logger?: Logger;
  /** Makes nonces and tokens. Default: random UUIDs. */
  readonly newId?: NewId;
};

/** Before the id of a session, on the channel of jobs. */
const CLAIMED = "claimed ";
const PATIENCE_MS = 10_000;
const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/**
 * Every port on PostgreSQL 14 or newer. Nothing is connected before `open`.
 *
 *     const store = postgresStore({ pool });            // or { url: process.env.DATABASE_URL }
 *     await store.open();
 *     await store.inbox.accept(input, { tx: client });  // within the caller's own transaction
 *
 * @throws PawlError `store_config_invalid`
 */
export function postgresStore(options: PostgresStoreOptions): Store<PoolClient> {
  const { schema = "pawl", listenUrl, logger = SILENT, newId = () => crypto.randomUUID() } = options;
  checkSchemaName(schema);
  const { pool, owned } = openPool(options);
  const random = Math.random;
  const channels: Channels = {
    work: `pawl_work_${schema}`,
    log: `pawl_log_${schema}`,
    awaits: `pawl_awaits_${schema}`,
    processes: `pawl_processes_${schema}`,
    jobs: `pawl_jobs_${schema}`,
  };
  const database = new Database({
    pool,
    schema,
    logger,
    random,
    patienceMs: options.patienceMs ?? PATIENCE_MS,
    preparedStatements: options.preparedStatements ?? true,
  });
  const hints = new Hints(logger);
  const origin = newId();
  const groupCommit = new GroupCommit(database, (sessionId) => hints.appended(sessionId));
  const connectListener = () =>
    openListenConnection(
      pool,
      listenUrl === false ? undefined : (listenUrl ?? options.url),
      "ssl" in options ? options.ssl : undefined,
    );
  const listener = new Listener({
    connect: connectListener,
    channels: Object.values(channels),
    send: (channel, payload) => database.write(hint, [channel, payload]),
    onHint: (channel, payload) => {
      // Of rows alone other processes are not told (D10): it is the end of a turn.
      if (channel === channels.log) {
        hints.appended(payload);
        hints.rested(payload);
      } else if (channel === channels.awaits) hints.resolved(payload);
      else if (channel === channels.processes) {
        const told = readProcessHint(payload);
        if (told.origin !== origin) for (const id of told.processIds) hints.changed(id);
      } else if (channel === channels.jobs && payload.startsWith(CLAIMED)) {
        hints.claimed(payload.slice(CLAIMED.length) as JobSessionId);
      } else if (channel === channels.jobs) hints.job(payload as JobId);
      else hints.work(payload === "" ? undefined : (payload as SessionId));
    },
    onLive: async () => {
      await liveness.takeAll();
      hints.everything();
    },
    onLost: () => liveness.lostAll(),
    newId,
    random,
    logger,
  });
  const liveness: Liveness = new Liveness(database, listener, logger);

  const neighbour = new NeighbourWatch({
    database,
    connect: connectListener,
    onFreed: () => hints.work(),
    logger,
  });
  // It takes a connection for good: of a pool that has room, or of its own.
  const isWatching =
    listenUrl !== false && (options.url !== undefined || listenUrl !== undefined || database.hasRoom);

  const time = new DatabaseTime();
  let opening: Promise<void> | undefined;
  let isOpen = false;
  let isClosed = false;
  const context: StoreContext = {
    database,
    groupCommit,
    begun: new BegunTurns(),
    ends: new UsualEnds(database, channels.log),
    lostClaims: new LostSessionClaims(),
    hints,
    liveness,
    neighbour: { watch: (key) => neighbour.watch(isWatching && listener.live ? key : null) },
    time,
    channels,
    origin,
    newId,
    logger,
    digest: jsonDigest,
  };

  async function open(): Promise<void> {
    const checking = preflight(database, options.acceptDataLoss ?? false);
    // A connection takes longer than what is asked over it, and a host needs several at once: they are made side by side.
    if (listenUrl !== false) listener.prepare();
    try {
      // Meanwhile, too; whoever waits for them hears whether that fails.
      loadMigrations().catch(() => undefined);
      const { migrated } = await checking;
      await migrate(database, { allowed: options.migrate ?? true, migrated });
    } catch (error) {
      listener.unprepare();
      throw error;
    }
    if (listenUrl !== false) await listener.start();
  }

  /** Ports work from `open` on; whoever forgot it gets it at the first use. */
  function enter(): Promise<void> | undefined {
    if (isClosed) throw closed();
    if (isOpen) return undefined;
    opening ??= open().then(
      () => {
        isOpen = true;
      },
      (error: unknown) => {
        opening = undefined;
        throw error;
      },
    );
    return opening;
  }

  return {
    sessions: guarded<Sessions>(postgresSessions(context), enter),
    log: guarded<Log>(postgresLog(context), enter, ["onAppend"]),
    inbox: guarded<Inbox<PoolClient>>(postgresInbox(context), enter),
    leases: guarded<Leases>(postgresLeases(context), enter, ["onWork", "onDue", "onRest"]),
    awaits: guarded<AwaitEventRows>(postgresAwaits(context), enter, ["onResolved"]),
    processes: guarded<Processes>(postgresProcesses(context), enter, ["onChange"]),
    jobs: guarded<Jobs>(postgresJobs(context), enter, ["onChange", "onClaimed"]),
    outbox: guarded<Outbox>(postgresOutbox(context), enter, ["onMessage"]),
    attachments: guarded<Attachments>(postgresAttachments(context), enter),
    secrets: guarded<Secrets>(postgresSecrets(context), enter),
    tokens: guarded<Tokens>(postgresTokens(context), enter),
    retention: guarded<Retention>(postgresRetention(context), enter),
    durability: "durable",
    time: time.bounds,
    async open() {
      await enter();
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      await opening?.catch(() => undefined);
      await groupCommit.drain();
      await neighbour.stop();
      await listener.stop();
      hints.clear();
      database.stop();
      if (owned) await pool.end();
    },
  };
}
