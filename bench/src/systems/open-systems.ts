import { startTestPostgres } from "@pawl/test-postgres";
import pg from "pg";
import type { AbsentPeer } from "../cell.ts";
import { type RunningSystem, startSystem } from "./start-system.ts";

/** What is measured, by the file in this folder that opens it. */
export interface SystemName {
  readonly module: string;
  /** As it is called in tables. */
  readonly name: string;
  /** Says why it cannot be measured here, if so. */
  readonly missing?: () => string | undefined;
}

export interface OpenSystems {
  /** Those that started, in the order in which they were asked for. */
  readonly running: ReadonlyMap<string, RunningSystem>;
  readonly absent: readonly AbsentPeer[];
  /** Of the database of the floor. */
  readonly url: string;
  close(): Promise<void>;
}

/** Starts a PostgreSQL, and each system with a database of its own there. A peer that does not start is told and left out. */
export async function openSystems(names: readonly SystemName[]): Promise<OpenSystems> {
  const server = await startTestPostgres({ maxConnections: 400 });
  const running = new Map<string, RunningSystem>();
  const absent: AbsentPeer[] = [];
  const close = async () => {
    for (const system of running.values()) await system.close();
    await server.stop();
  };
  const admin = new pg.Client({ connectionString: server.url });
  await admin.connect();
  try {
    for (const { module, name, missing } of names) {
      const reason = missing?.();
      if (reason !== undefined) {
        absent.push({ name, reason });
        continue;
      }
      const database = module.replaceAll("-", "_");
      await admin.query(`create database ${database}`);
      const url = new URL(server.url);
      url.pathname = `/${database}`;
      try {
        running.set(name, await startSystem(module, url.href));
      } catch (cause) {
        // Without ours there is nothing to compare.
        if (module === "pawl") throw cause;
        absent.push({ name, reason: `It did not start: ${(cause as Error).message}` });
      }
    }
  } catch (cause) {
    await close();
    throw cause;
  } finally {
    await admin.end();
  }
  return { running, absent, url: server.url, close };
}
