// A process that ends at a point of the turn. Its one argument is a DoomedConfig as JSON. At the point it writes a line to file
// descriptor 3 and stands still, the whole of it, until it is killed; or, when it was only stalled, until the file `releaseAt` is there.
// It ends when its standard input does, so that nothing is left behind when the test's process goes.
import { existsSync, writeSync } from "node:fs";
import { isPawlError } from "@pawl/core";
import { postgresStore } from "@pawl/store-postgres";
import pg from "pg";
import type { CrashPoint } from "./crash-point.ts";
import { type Fault, Seam } from "./seam.ts";
import { hostOf } from "./the-turn.ts";
import { fileWorld } from "./world.ts";

export interface DoomedConfig {
  readonly url: string;
  readonly schema: string;
  readonly name: string;
  readonly worldPath: string;
  readonly leaseTtlMs: number;
  readonly point?: CrashPoint;
  readonly releaseAt?: string;
}

/** What it writes to file descriptor 3, one JSON object a line. */
export type Announcement =
  | { readonly type: "at"; readonly point: CrashPoint }
  /** It went on after a stall, and this is how a write ended. */
  | { readonly type: "write"; readonly verb: string; readonly code: string };

const config = JSON.parse(process.argv[2] ?? "{}") as DoomedConfig;
const CHANNEL = 3;
/** How often a stalled process looks whether it may go on. */
const LOOK_MS = 20;

/** The statements behind the durable verbs. */
const STATEMENTS: { readonly [verb: string]: readonly string[] } = {
  "sessions.beginTurn": ["begin_turn", "begin_turns"],
  "sessions.commit": ["end_turns", "commit_boundary"],
  "log.append": ["append_next_row", "append_next_rows", "append_log_rows"],
  "inbox.checkpoint": ["stage_steering_inputs", "append_next_row", "append_next_rows", "append_log_rows"],
  "leases.openNode": ["open_node"],
  "leases.claim": ["claim_sessions", "claim_one_session"],
  "leases.release": ["leave_sessions", "release_session"],
  "awaits.register": ["register_await_event"],
};

function announce(announcement: Announcement): void {
  writeSync(CHANNEL, `${JSON.stringify(announcement)}\n`);
}

/** Nothing of this process runs until this returns: no timer, no answer of the database. */
function standStill(point: CrashPoint): void {
  announce({ type: "at", point });
  const nothing = new Int32Array(new SharedArrayBuffer(4));
  const { releaseAt } = config;
  while (releaseAt === undefined || !existsSync(releaseAt)) Atomics.wait(nothing, 0, 0, LOOK_MS);
}

let stopInside: { readonly point: CrashPoint; readonly statements: readonly string[] } | undefined;

type Query = (...args: unknown[]) => unknown;

/** A connection on which a statement can be interrupted between its end and its commit. */
class InterruptibleClient extends pg.Client {
  override query = ((...args: unknown[]) => {
    const query = super.query.bind(this) as unknown as Query;
    const [given] = args as [{ readonly text: string; readonly values?: unknown[] } | string];
    const text = typeof given === "string" ? given : given.text;
    // Statements of the store begin with their name in a comment.
    if (!stopInside?.statements.some((name) => text.startsWith(`/* pawl ${name} */`))) return query(...args);
    const { point } = stopInside;
    stopInside = undefined;
    const values = typeof given === "string" ? args[1] : given.values;
    return (async () => {
      await query("begin");
      await query({ text, values });
      standStill(point);
    })();
  }) as pg.Client["query"];
}

const fault: Fault = {
  stop: standStill,
  alive: () => undefined,
  async inside(point, verb, call) {
    stopInside = { point, statements: STATEMENTS[verb] ?? [] };
    const end = await call().then(() => "it came to its end", String);
    process.stderr.write(`${verb} at "${point.at}" was not interrupted: ${end}\n`);
    process.exit(1);
  },
};

const pool = new pg.Pool({ connectionString: config.url, max: 6, Client: InterruptibleClient as never });
pool.on("error", () => undefined);
pool.on("connect", (client) => client.on("error", () => undefined));
const store = postgresStore({
  pool,
  schema: config.schema,
  listenUrl: config.url,
  acceptDataLoss: true,
  migrate: false,
});
const host = hostOf({
  store: config.releaseAt === undefined ? store : tellingOfWrites(store),
  seam: new Seam(fault, config.point),
  world: fileWorld(config.worldPath),
  name: config.name,
  leaseTtlMs: config.leaseTtlMs,
  pollMs: 50,
});

/** After a stall: how the writes end that the process still tries. */
function tellingOfWrites(inner: typeof store): typeof store {
  const writes = new Set(["beginTurn", "commit", "append", "checkpoint", "release", "claim"]);
  const telling = <Port extends object>(port: Port, name: string): Port =>
    new Proxy(port, {
      get(target, key) {
        const verb = Reflect.get(target, key) as unknown;
        if (typeof verb !== "function" || !writes.has(String(key))) return verb;
        return async (...args: unknown[]) => {
          const tell = (code: string) => {
            if (config.releaseAt !== undefined && existsSync(config.releaseAt))
              announce({ type: "write", verb: `${name}.${String(key)}`, code });
          };
          try {
            const result: unknown = await verb.apply(target, args);
            // A claim that finds nothing takes nothing.
            if (!(Array.isArray(result) && result.length === 0)) tell("ok");
            return result;
          } catch (error) {
            tell(isPawlError(error) ? error.code : String(error));
            throw error;
          }
        };
      },
    });
  return {
    ...inner,
    sessions: telling(inner.sessions, "sessions"),
    log: telling(inner.log, "log"),
    inbox: telling(inner.inbox, "inbox"),
    leases: telling(inner.leases, "leases"),
  };
}

async function end(): Promise<void> {
  await host.stop({ drainMs: 500 });
  await store.close();
  process.exit(0);
}

process.stdin.resume().once("end", () => process.exit(1));
process.once("SIGTERM", () => void end());
await host.start();
