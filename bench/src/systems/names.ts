import { existsSync } from "node:fs";
import { ABSURD_SQL } from "./absurd-sql.ts";
import type { SystemName } from "./open-systems.ts";
import { startRestateServer } from "./restate-server.ts";
import { buildWorkflows } from "./vercel-workflow/build-workflows.ts";

export const PAWL: SystemName = { module: "pawl", name: "Pawl" };
export const DBOS: SystemName = { module: "dbos", name: "DBOS" };
export const RESTATE: SystemName = { module: "restate", name: "Restate", companion: startRestateServer };
export const LANGGRAPH: SystemName = { module: "langgraph", name: "LangGraph" };
export const GRAPHILE: SystemName = { module: "graphile-worker", name: "graphile-worker" };
export const GRAPHILE_BATCHED: SystemName = {
  module: "graphile-worker-batched",
  name: "graphile-worker, batched",
};
export const PG_BOSS: SystemName = { module: "pg-boss", name: "pg-boss" };
export const PG_BOSS_BATCHED: SystemName = { module: "pg-boss-batched", name: "pg-boss, batched" };
export const ABSURD: SystemName = {
  module: "absurd",
  name: "Absurd",
  missing: () =>
    existsSync(process.env[ABSURD_SQL] ?? "")
      ? undefined
      : `Its SQL is not in its package: name the sql/absurd.sql of a checkout in ${ABSURD_SQL}.`,
};
export const VERCEL_WORKFLOW: SystemName = {
  module: "vercel-workflow",
  name: "Vercel Workflow",
  prepare: buildWorkflows,
  slow: true,
};
/** No system: what PostgreSQL itself gives. */
export const BARE_NOTIFY: SystemName = { module: "bare-notify", name: "bare pg" };

/** The floor under jobs, in a process like those of the systems. */
export const BARE: SystemName = { module: "bare", name: "bare pg" };

/** All of them, each with its defaults. */
export const SYSTEMS: readonly SystemName[] = [
  PAWL,
  DBOS,
  RESTATE,
  ABSURD,
  LANGGRAPH,
  GRAPHILE,
  PG_BOSS,
  VERCEL_WORKFLOW,
];

/** Queues run jobs and know no workflows. */
export function isQueue(name: SystemName): boolean {
  return name === GRAPHILE || name === PG_BOSS;
}

/** One that cannot do the work of a cell: it is told why. */
export function unable(name: SystemName, reason: string): SystemName {
  return { ...name, missing: () => reason };
}
