// A place for one run on PostgreSQL: a schema of its own, a file for the world, and the process of this test as the one who goes on.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Store } from "@pawl/core/ports";
import type { Host } from "@pawl/host";
import { postgresStore } from "@pawl/store-postgres";
import pg from "pg";
import { createPerson, type Person } from "../person.ts";
import { Seam } from "../seam.ts";
import { hostOf, sendTheInput } from "../the-turn.ts";
import { fileWorld, type World } from "../world.ts";
import { IMMORTAL } from "./memory.ts";

export interface Place {
  readonly url: string;
  readonly schema: string;
  readonly folder: string;
  readonly worldPath: string;
  readonly world: World;
  readonly store: Store<never>;
  /** Drives nothing until `resume`. */
  readonly heir: Host;
  readonly person: Person;
  leave(): Promise<void>;
}

export interface PlaceOptions {
  readonly url: string;
  readonly schema: string;
}

/** Of the process of this test: however slow the machine, it keeps what it has. */
const HEIR_TTL_MS = 20_000;

export async function openPlace({ url, schema }: PlaceOptions): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), "pawl-crash-matrix-"));
  const worldPath = join(folder, "world.jsonl");
  const world = fileWorld(worldPath);
  const store = postgresStore({ url, schema, poolSize: 6, acceptDataLoss: true }) as Store<never>;
  await store.open();
  const heir = hostOf({
    store,
    seam: new Seam(IMMORTAL),
    world,
    name: "heir",
    leaseTtlMs: HEIR_TTL_MS,
    pollMs: 50,
  });
  heir.pause();
  await heir.start();
  await sendTheInput(store);
  return {
    url,
    schema,
    folder,
    worldPath,
    world,
    store,
    heir,
    person: createPerson({ store, host: heir, world }),
    async leave() {
      await heir.stop({ drainMs: 0 });
      await store.close();
      const admin = new pg.Client({ connectionString: url });
      await admin.connect();
      await admin.query(`drop schema if exists ${schema} cascade`);
      await admin.end();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const LOOK_MS = 15;

/** Looks again and again until it is so. @throws Error after `withinMs` */
export async function until(what: string, withinMs: number, look: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await look())) {
    if (performance.now() > end) throw new Error(`Waited ${withinMs} ms in vain until ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
