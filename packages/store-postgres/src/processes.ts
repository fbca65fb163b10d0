import {
  PawlError,
  PROCESS_VERSION,
  type ProcessEvent,
  type ProcessId,
  planProcessAppend,
  processId,
  tellsOthers,
} from "@pawl/core";
import type { ProcessAppended, ProcessClaim, Processes, ProcessFence } from "@pawl/core/ports";
import type { Row } from "./connection/database.ts";
import { ProcessCommit } from "./connection/process-commit.ts";
import { processHints } from "./connection/process-hint.ts";
import type { StoreContext } from "./context.ts";
import { conflict, fenced } from "./errors.ts";
import { nodeValues } from "./fence-values.ts";
import { LostClaims } from "./lost-claims.ts";
import { Registrations } from "./registrations.ts";
import { numberColumn } from "./rows/column.ts";
import { readableRows } from "./rows/decoded-column.ts";
import { appendProcessEvents } from "./statements/append-process-events.ts";
import { claimProcesses } from "./statements/claim-processes.ts";
import { listProcesses } from "./statements/list-processes.ts";
import { listSessionProcesses } from "./statements/list-session-processes.ts";
import { loadProcess } from "./statements/load-process.ts";
import { readProcess } from "./statements/read-process.ts";
import { readProcessEvents } from "./statements/read-process-events.ts";
import { releaseProcess } from "./statements/release-process.ts";
import { watchProcess } from "./statements/watch-process.ts";
import { storableJson, storableText } from "./storable.ts";

/** Writers of one log who come at once: each round lets one of them through. */
const MOST_APPEND_RACES = 100;

/** Loaded with the first background task: its decoders bring zod along, some 15 MiB that a host without any can do without. */
let loaded: Promise<typeof import("./rows/process-row.ts")> | undefined;
const loadRows = () => {
  loaded ??= import("./rows/process-row.ts");
  return loaded;
};

export function postgresProcesses(context: StoreContext): Processes {
  const { database, hints, channels, origin, digest, newId, logger } = context;
  const lostClaims = new LostClaims(context);
  const commit = new ProcessCommit(context);
  const registrations = new Registrations(context, lostClaims, ({ fence, record }, now) =>
    commit.follow(fence, record, now),
  );

  async function events(
    id: ProcessId,
    after = 0,
    limit: number | null = null,
  ): Promise<readonly ProcessEvent[]> {
    const rows = await database.read(readProcessEvents, [id, after, limit]);
    const { processEventOfRow } = await loadRows();
    return rows.map(processEventOfRow);
  }

  /** Its first writer may have died, or lost the answer, before it told anybody. */
  async function firstAnswer(id: ProcessId, row: Row, asked: string): Promise<ProcessAppended> {
    if (row.digest !== asked) {
      throw conflict("This key was used for other events of the background task: use a new key.");
    }
    const { processOfRow } = await loadRows();
    const where = `A key of background task "${id}"`;
    const first = numberColumn(row, "first_seq", where);
    const count = numberColumn(row, "last_seq", where) - first + 1;
    const record = processOfRow(row);
    hints.changed(id, record);
    return { record, events: await events(id, first - 1, count), duplicate: true };
  }

  return {
    async append({ processId: given, key, bodies, fence, claim }) {
      const id = processId(given);
      storableText(key, "The key");
      // A copy at once: what was handed in may be changed while the database answers.
      const text = storableJson(bodies, "The event");
      const asked = JSON.parse(text) as typeof bodies;
      const askedDigest = digest(asked);
      if (fence !== undefined && fence.processId === id) {
        const appended = await commit.append({
          fence,
          key,
          bodies: asked,
          characters: text.length,
          digest: askedDigest,
          version: PROCESS_VERSION,
        });
        if (appended !== undefined) {
          if (appended.events.some(({ body }) => tellsOthers(body))) hints.changed(id, appended.record);
          return appended;
        }
      }
      if (fence === undefined && asked[0]?.type === "registered") {
        const registration = {
          processId: id,
          key,
          bodies: asked,
          digest: askedDigest,
          version: PROCESS_VERSION,
        };
        const registered = await registrations.register({ ...registration, claim });
        if (registered !== undefined) return registered;
      }
      const { processOfRow } = await loadRows();
      const holder = fence === undefined ? [null, null, null, null] : holderValues(id, fence);
      for (let races = 0; races < MOST_APPEND_RACES; races++) {
        const [row] = await database.read(readProcess, [id, key, ...holder]);
        const isThere = row!.process_id !== null;
        if (isThere && row!.digest !== null) {
          const answer = await firstAnswer(id, row!, askedDigest);
          if (row!.held === true) commit.follow(fence!, answer.record, timeOf(row!, id));
          return answer;
        }
        if (fence !== undefined && row!.held !== true) throw fenced(id);
        const writer =
          fence === undefined ? null : { nodeId: fence.node.nodeId, generation: fence.node.generation };
        const now = timeOf(row!, id);
        const plan = planProcessAppend(id, isThere ? processOfRow(row!) : null, asked, writer, now);
        if (plan.type === "refuse") throw new PawlError(plan.code, plan.message);
        if (plan.type === "nothing") return { record: plan.record, events: [], duplicate: false };
        const { record } = plan;
        const told = plan.events.some(({ body }) => tellsOthers(body));
        const { name, disposition, wake } = record.registration;
        const [answer] = await database.write(appendProcessEvents, [
          id,
          isThere ? row!.head : 0,
          storableJson(record, "The background task"),
          record.end === null,
          record.owner !== null,
          JSON.stringify(plan.events.map(({ seq, at, body }) => ({ seq, at, body }))),
          key,
          askedDigest,
          record.grants,
          plan.wakes && wake !== null ? wake.sessionId : null,
          told ? channels.processes : null,
          channels.work,
          ...holder,
          PROCESS_VERSION,
          name,
          disposition,
          processHints(origin, [id])[0],
        ]);
        if (answer?.done !== true) continue;
        if (fence !== undefined) commit.follow(fence, record, now);
        if (told) hints.changed(id, record);
        return { record, events: plan.events, duplicate: false };
      }
      throw conflict(`Background task "${id}" has too many writers at once: try again.`);
    },

    async load(id, { watch = false } = {}) {
      const watched = watch ? await database.write(watchProcess, [id]) : [];
      // What has ended meanwhile is seen by a statement of its own.
      const row = watched[0] ?? (await database.read(loadProcess, [id]))[0];
      if (row === undefined) return null;
      const { processOfRow } = await loadRows();
      return processOfRow(row);
    },

    events: (id, { after, limit } = {}) => events(id, after, limit),

    async list({ sessionId, live, after, limit }) {
      const values = [live, after ?? null, Math.max(0, limit)];
      const rows =
        sessionId === undefined
          ? await database.read(listProcesses, values)
          : await database.read(listSessionProcesses, [...values, sessionId]);
      const { processOfRow } = await loadRows();
      return readableRows(rows, processOfRow, logger);
    },

    async claim(lease, { names, limit, enter }) {
      await lostClaims.free(lease);
      const token = newId();
      const values = [
        ...nodeValues(lease),
        names,
        Math.max(0, limit),
        token,
        PROCESS_VERSION,
        enter?.maxStartsInARow ?? null,
      ];
      const rows = await lostClaims.watch(token, () => database.writeOnce(claimProcesses, values));
      if (rows[0]?.held !== true) throw fenced(lease.nodeId);
      const claimed = rows.filter((row) => row.process_id !== null);
      if (claimed.length === 0) return [];
      const { processOfRow } = await loadRows();
      const claimOf = (row: Row): ProcessClaim => {
        const record = processOfRow(row);
        const { processId } = record.registration;
        const epoch = numberColumn(row, "epoch", `Background task "${processId}"`);
        const claim = {
          fence: { node: lease, processId, epoch },
          record,
          entered: row.entered === true,
        };
        commit.follow(claim.fence, record, timeOf(row, processId));
        return claim;
      };
      return readableRows(claimed, claimOf, logger);
    },

    async release(fence, { delayMs = 0 } = {}) {
      commit.forget(fence.processId);
      const [told] = processHints(origin, [fence.processId]);
      const values = [
        ...nodeValues(fence.node),
        fence.processId,
        fence.epoch,
        delayMs,
        channels.processes,
        told,
      ];
      const rows = await database.write(releaseProcess, values);
      if (rows.length === 0) throw fenced(fence.processId);
      hints.changed(fence.processId);
    },

    onChange: (listener) => hints.onChange(listener),
  };
}

function holderValues(id: ProcessId, fence: ProcessFence): readonly unknown[] {
  if (fence.processId !== id) throw fenced(id);
  return [...nodeValues(fence.node), fence.epoch];
}

/** The database's, in milliseconds. */
function timeOf(row: Row, id: ProcessId): number {
  return numberColumn(row, "now", `Background task "${id}"`);
}
