import type { OutboxRecord, SessionRecord, Store } from "@pawl/core/ports";
import pg from "pg";
import type { ServerConfig } from "./config/read-config.ts";
import type { AdminStore } from "./open-admin-store.ts";
import { findServer } from "./server-file.ts";

/** One thing that was looked at. `warn`: it works, and somebody should know; `bad`: it does not work. */
export interface Finding {
  readonly check: string;
  readonly status: "ok" | "warn" | "bad";
  readonly message: string;
  /** What to do; absent when there is nothing to do. */
  readonly advice?: string;
}

/** Leases and due times go by the clock of the database; a process that is off by more shows times that are wrong. */
const MOST_SKEW_MS = 2_000;
/** With a node alive nothing that is due waits for so long. */
const LATE_MS = 60_000;
const MOST_SESSIONS = 10_000;
const MOST_LETTERS = 1_000;
const MOST_NAMED = 5;

/** Looks at what turns depend on, and changes nothing. A store that could not be opened is said by `openAdminStore`. */
export async function examine(
  config: ServerConfig,
  { store, databaseUrl }: AdminStore,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [
    { check: "store", status: "ok", message: "It opens, and its tables are of this version." },
    ...(databaseUrl === undefined ? [] : await databaseFindings(databaseUrl)),
  ];
  const server = await findServer(config.dataDir);
  findings.push(
    server === undefined
      ? { check: "server", status: "ok", message: "None runs on this data folder." }
      : { check: "server", status: "ok", message: `One answers at ${server.url}, process ${server.pid}.` },
  );
  const counts = await store.sessions.counts();
  const late = counts.oldestDueMs > LATE_MS;
  findings.push({
    check: "queue",
    status: late ? "warn" : "ok",
    message: `${counts.queuedInputs} inputs wait; the oldest that is due for ${Math.round(counts.oldestDueMs / 1_000)} s.`,
    ...(late && {
      advice: "Start a server on this database with `pawl serve`, or see with `pawl turns` what comes first.",
    }),
  });
  findings.push(await nodeFinding(store));
  const sessions = await store.sessions.list({ limit: MOST_SESSIONS });
  const letters = await store.outbox.list({ dead: true, limit: MOST_LETTERS });
  findings.push(turnFinding(sessions), letterFinding(letters), keyFinding(config));
  for (const warning of config.warnings)
    findings.push({ check: "configuration", status: "warn", message: warning });
  return findings;
}

const MOST_NODES = 1_000;

/** Who drives turns, and whether somebody does at all. */
async function nodeFinding({ leases }: Store): Promise<Finding> {
  const alive = (await leases.nodes({ limit: MOST_NODES })).filter((node) => node.alive);
  const paused = alive.filter((node) => node.paused).map(({ nodeId }) => nodeId);
  const { ready, oldestAgeMs } = await leases.backlog();
  if (ready > 0 && (oldestAgeMs ?? 0) > LATE_MS) {
    return {
      check: "nodes",
      status: "warn",
      message: `${ready} sessions are ready and nobody takes them, the oldest for ${Math.round((oldestAgeMs ?? 0) / 1_000)} s; ${alive.length} nodes are alive, ${paused.length} of them paused.`,
      advice:
        paused.length > 0
          ? "`pawl nodes resume <node>` lets a paused one go on; `pawl serve` starts another."
          : "Start a server on this database with `pawl serve`: it takes up what others left.",
    };
  }
  if (paused.length === 0) {
    return { check: "nodes", status: "ok", message: `${alive.length} are alive; nothing is left behind.` };
  }
  return {
    check: "nodes",
    status: "warn",
    message: `${paused.join(", ")} of ${alive.length} begin with nothing: they are paused.`,
    advice: "`pawl nodes resume <node>` lets one go on.",
  };
}

function turnFinding(sessions: readonly SessionRecord[]): Finding {
  const blocked = sessions.filter((session) => session.blocked !== null);
  const open = sessions.filter((session) => session.openTurn !== null);
  const waiting = open.filter((session) => session.parked).length;
  if (blocked.length === 0) {
    return {
      check: "turns",
      status: "ok",
      message: `${open.length} are open, ${waiting} of them wait; none is blocked.`,
    };
  }
  const named = blocked
    .slice(0, MOST_NAMED)
    .map((session) => `${session.openTurn ?? session.sessionId} (${session.blocked?.code})`);
  const more = blocked.length > MOST_NAMED ? ` and ${blocked.length - MOST_NAMED} more` : "";
  return {
    check: "turns",
    status: "bad",
    message: `${blocked.length} are blocked: ${named.join(", ")}${more}.`,
    advice: "`pawl turn show <turn> --why` says what helps: run the code that began it, or cancel it.",
  };
}

/** What followed from commits and nobody tries again by itself (D23). */
function letterFinding(letters: readonly OutboxRecord[]): Finding {
  const check = "outbox";
  if (letters.length === 0) return { check, status: "ok", message: "There are no dead letters." };
  const count = letters.length < MOST_LETTERS ? `${letters.length}` : `${MOST_LETTERS} or more`;
  const kinds = letters.map(
    ({ item, failure }) =>
      `${item.type === "message" ? item.topic : `input for ${item.input.sessionId}`} (${failure?.code})`,
  );
  const named = [...new Set(kinds)].slice(0, MOST_NAMED).join(", ");
  return {
    check,
    status: "warn",
    message: `${count} dead letters: what followed from commits and could not be delivered. ${named}.`,
    advice: "`pawl dead-letters list` shows them; mend what kept them, then retry or discard each.",
  };
}

function keyFinding({ signingKeys }: ServerConfig): Finding {
  if (signingKeys === undefined) {
    return {
      check: "keys",
      status: "ok",
      message: "Links are signed with a key that is kept in the database.",
    };
  }
  const [first, ...others] = signingKeys;
  const also = others.length === 0 ? "" : `; ${others.map(({ id }) => id).join(", ")} also verify`;
  return {
    check: "keys",
    status: "ok",
    message: `Links are signed with key ${first.id} of PAWL_SECRET${also}.`,
  };
}

const SETTINGS = `
select current_setting('server_version') as version, current_setting('fsync') as fsync,
  current_setting('synchronous_commit') as synchronous_commit, current_setting('full_page_writes') as full_page_writes,
  current_setting('max_connections')::int as max_connections,
  (select count(*)::int from pg_stat_activity where backend_type = 'client backend') as connections,
  (select count(*)::int from pg_stat_replication where sync_state = 'async') as async_standbys,
  (extract(epoch from clock_timestamp()) * 1000)::float8 as now`;

interface Settings {
  readonly version: string;
  readonly fsync: string;
  readonly synchronous_commit: string;
  readonly full_page_writes: string;
  readonly max_connections: number;
  readonly connections: number;
  readonly async_standbys: number;
  readonly now: number;
}

async function databaseFindings(url: string): Promise<readonly Finding[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on("error", () => undefined);
  await client.connect();
  try {
    const asked = Date.now();
    const { rows } = await client.query<Settings>(SETTINGS);
    const answered = Date.now();
    const settings = rows[0] as Settings;
    // The clock was read at some time between question and answer.
    const skew = Math.round(Math.max(0, asked - settings.now, settings.now - answered));
    return [
      settingsFinding(settings),
      connectionFinding(settings),
      standbyFinding(settings),
      clockFinding(skew),
    ];
  } finally {
    await client.end();
  }
}

function settingsFinding({
  version,
  fsync,
  synchronous_commit: commit,
  full_page_writes: pages,
}: Settings): Finding {
  const off = Object.entries({ fsync, synchronous_commit: commit, full_page_writes: pages }).filter(
    ([, value]) => value === "off",
  );
  if (off.length === 0) {
    return {
      check: "database",
      status: "ok",
      message: `PostgreSQL ${version}, and it keeps what it confirms.`,
    };
  }
  const names = off.map(([name]) => name).join(" and ");
  return {
    check: "database",
    status: "bad",
    message: `PostgreSQL ${version} has ${names} off: a crash loses what was committed.`,
    advice: `Turn ${names} on, and restart it.`,
  };
}

function connectionFinding({ connections, max_connections: most }: Settings): Finding {
  const few = most - connections < 10;
  return {
    check: "connections",
    status: few ? "warn" : "ok",
    message: `${connections} of ${most} are used.`,
    ...(few && { advice: "Raise max_connections, or stop what holds them: a server uses about a dozen." }),
  };
}

function standbyFinding({ async_standbys: count }: Settings): Finding {
  if (count === 0) return { check: "standbys", status: "ok", message: "None follows asynchronously." };
  return {
    check: "standbys",
    status: "warn",
    message: `${count} follow asynchronously: when one takes over, the last commits may be missing there.`,
    advice: "Set synchronous_standby_names, or accept that.",
  };
}

function clockFinding(skewMs: number): Finding {
  if (skewMs <= MOST_SKEW_MS) {
    return {
      check: "clock",
      status: "ok",
      message: `This machine and the database differ by at most ${skewMs} ms.`,
    };
  }
  return {
    check: "clock",
    status: "warn",
    message: `This machine and the database differ by ${skewMs} ms. The database decides, so no promise depends on it.`,
    advice: "Let both follow the same time server (NTP): times that are shown are wrong.",
  };
}
