import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startTestPostgres } from "@pawl/test-postgres";
import pg from "pg";
import type { AbsentPeer } from "../cell.ts";
import { endsWithCell } from "../ends-with-cell.ts";
import { type SystemProcess, startSystem } from "./start-system.ts";
import type { Place, Role } from "./system.ts";

/** A server that a system needs beside its processes. It outlives these. */
export interface Companion {
  readonly pid: number;
  /** Where it keeps its data. */
  readonly folder: string;
  close(): Promise<void>;
}

/** What is measured, by the file in this folder that opens it. */
export interface SystemName {
  readonly module: string;
  /** As it is called in tables. */
  readonly name: string;
  /** Says why it cannot be measured here, if so. */
  readonly missing?: () => string | undefined;
  /** Done first, with the folder that the processes will be given. */
  readonly prepare?: (folder: string) => Promise<void>;
  /** It is asked for a tenth of the steps: a second of them says as much. */
  readonly slow?: boolean;
  /** Started first, with the folder that the processes will be given. */
  readonly companion?: (folder: string) => Promise<Companion>;
}

/** A system with a database and a folder of its own. */
export interface SystemHome {
  /** Of its database. */
  readonly url: string;
  readonly companion: Companion | undefined;
  /** Another process of it. All are ended with it. */
  start(role: Role): Promise<SystemProcess>;
  close(): Promise<void>;
}

export interface SystemHomes {
  /** Of the database of the floor. */
  readonly url: string;
  /** @throws Error with the system's own words */
  make(system: SystemName): Promise<SystemHome>;
  close(): Promise<void>;
}

/** Starts a PostgreSQL where systems are given databases. */
export async function openHomes(): Promise<SystemHomes> {
  const server = await startTestPostgres({ maxConnections: 400 });
  const made = new Set<() => Promise<void>>();
  let databases = 0;
  return {
    url: server.url,
    async make({ module, prepare, companion: startCompanion }) {
      databases += 1;
      const database = `${module.replaceAll("-", "_")}_${databases}`;
      await createDatabase(server.url, database);
      const url = Object.assign(new URL(server.url), { pathname: `/${database}` }).href;
      const folder = await mkdtemp(join(tmpdir(), `pawl-bench-${module}-`));
      const processes: SystemProcess[] = [];
      let companion: Companion | undefined;
      let closed = false;
      const close = async () => {
        made.delete(close);
        closed = true;
        await Promise.all(processes.map((one) => one.close()));
        await companion?.close();
        await rm(folder, { recursive: true, force: true, maxRetries: 5 });
      };
      made.add(close);
      await prepare?.(folder);
      companion = await startCompanion?.(folder);
      return {
        url,
        companion,
        async start(role) {
          const place: Place = { url, folder, role };
          const one = await startSystem(module, place);
          processes.push(one);
          // An interrupt may have come meanwhile.
          if (closed) await one.kill();
          return one;
        },
        close,
      };
    },
    close: endsWithCell(async () => {
      // Whatever becomes of one of them, the others and the server are ended.
      await Promise.allSettled([...made].map((close) => close()));
      await server.stop();
    }),
  };
}

async function createDatabase(server: string, name: string): Promise<void> {
  const admin = new pg.Client({ connectionString: server });
  admin.on("error", () => undefined);
  await admin.connect();
  await admin.query(`create database ${name}`);
  await admin.end();
}

export interface RunningSystem {
  readonly name: SystemName;
  readonly home: SystemHome;
  readonly worker: SystemProcess;
}

export interface OpenSystems {
  /** Those that started, in the order in which they were asked for. */
  readonly running: ReadonlyMap<string, RunningSystem>;
  readonly absent: readonly AbsentPeer[];
  /** Of the database of the floor. */
  readonly url: string;
  close(): Promise<void>;
}

/** Starts each system with one worker. A peer that does not start is told and left out. */
export async function openSystems(names: readonly SystemName[]): Promise<OpenSystems> {
  const homes = await openHomes();
  const running = new Map<string, RunningSystem>();
  const absent = await eachThatRuns(names, async (name) => {
    const home = await homes.make(name);
    running.set(name.name, { name, home, worker: await home.start("worker") });
  });
  return { running, absent, url: homes.url, close: homes.close };
}

/** @returns peers that are missing or that do not start. @throws whatever Pawl throws: without ours there is nothing to compare */
export async function eachThatRuns(
  names: readonly SystemName[],
  start: (name: SystemName) => Promise<void>,
): Promise<readonly AbsentPeer[]> {
  const absent: AbsentPeer[] = [];
  for (const name of names) {
    const reason = name.missing?.();
    if (reason !== undefined) absent.push({ name: name.name, reason });
    else
      try {
        await start(name);
      } catch (cause) {
        if (name.module === "pawl") throw cause;
        absent.push({ name: name.name, reason: `It did not start: ${firstLine(cause)}` });
      }
  }
  return absent;
}

function firstLine(cause: unknown): string {
  return (cause as Error).message.split("\n")[0] ?? "";
}
