// Group commit for background tasks (D9): what a node appends to those that it owns shares statements.
//
// PC1  Only what is as usual goes this way: the owner's own words about a process of which this store knows the last event. Everything
//      else, and everything that did not land, goes the general way, which reads first and says what is wrong.
// PC2  A batch holds at most one append of a process; those of one process keep their order.
// PC3  Nothing is believed of a process whose append did not land, until the general way has read it.
import {
  type ProcessAppendPlan,
  type ProcessEventBody,
  type ProcessRecord,
  planProcessAppend,
  tellsOthers,
} from "@pawl/core";
import type { ProcessAppended, ProcessFence } from "@pawl/core/ports";
import type { StoreContext } from "../context.ts";
import { nodeValues } from "../fence-values.ts";
import { appendOwnProcessEvent } from "../statements/append-own-process-event.ts";
import { appendOwnedProcessEvents } from "../statements/append-owned-process-events.ts";
import type { Parameter } from "./bind-message.ts";
import { oneOfEach } from "./one-of-each.ts";
import { processHints } from "./process-hint.ts";

const MOST_OF_A_BATCH = 64;
/** Owners that were superseded do not say goodbye; what is forgotten costs one more read. */
const MOST_OWNED = 100_000;

/** No answer takes that long without its lease running out: the database's clock was set back. */
const CLOCK_STEP_MS = 60_000;

export interface OwnedAppend {
  readonly fence: ProcessFence;
  readonly key: string;
  /** Storable. */
  readonly bodies: readonly ProcessEventBody[];
  /** Of the bodies as JSON, for the size of a batch. */
  readonly characters: number;
  readonly digest: string;
  /** Of the shape of events and records. */
  readonly version: number;
}

interface Waiting extends OwnedAppend {
  /** Undefined: go the general way. */
  resolve(appended: ProcessAppended | undefined): void;
}

interface Owned {
  readonly fence: ProcessFence;
  readonly record: ProcessRecord;
}

type Planned = Extract<ProcessAppendPlan, { type: "append" }>;

export class ProcessCommit {
  readonly #context: Pick<StoreContext, "database" | "channels" | "origin">;
  readonly #owned = new Map<string, Owned>();
  #queue: Waiting[] = [];
  #pump: Promise<void> | undefined;
  /** The database's time less this process's monotonic one, in milliseconds. */
  #ahead = Number.NEGATIVE_INFINITY;

  constructor(context: Pick<StoreContext, "database" | "channels" | "origin">) {
    this.#context = context;
  }

  /**
   * This is how the owner's process stood at the database's time `now`, in milliseconds. No later event of it gets an earlier time: the
   * answer took its time, so what is ahead is never less than what the latest that is known says.
   */
  follow(fence: ProcessFence, record: ProcessRecord, now: number): void {
    const ahead = now - performance.now();
    const isSetBack = ahead < this.#ahead - CLOCK_STEP_MS;
    this.#ahead = isSetBack ? ahead : Math.max(this.#ahead, ahead);
    this.#keep(fence, record);
  }

  #keep(fence: ProcessFence, record: ProcessRecord): void {
    if (record.end !== null) {
      this.forget(fence.processId);
      return;
    }
    if (this.#owned.size >= MOST_OWNED) this.#owned.clear();
    this.#owned.set(fence.processId, { fence, record });
  }

  forget(processId: string): void {
    this.#owned.delete(processId);
  }

  /** Resolves when it is durable, or with undefined when it has to go the general way (PC1). Never rejects. */
  append(asked: OwnedAppend): Promise<ProcessAppended | undefined> {
    if (!this.#owned.has(asked.fence.processId)) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#queue.push({ ...asked, resolve });
      this.#pump ??= this.#run();
    });
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      // Whoever was told of the last batch gets to say its next word, so that the next batch holds all of them. One that is alone waits for nobody.
      if (this.#owned.size > 1) await new Promise<void>((resolve) => setImmediate(resolve));
      await this.#flush(this.#takeBatch());
    }
    this.#pump = undefined;
  }

  /** Of one node lease, which the statement names once. */
  #takeBatch(): readonly Waiting[] {
    const nonce = this.#queue[0]?.fence.node.nonce;
    const others = this.#queue.filter(({ fence }) => fence.node.nonce !== nonce);
    const ours = this.#queue.filter(({ fence }) => fence.node.nonce === nonce);
    const { batch, left } = oneOfEach(ours, MOST_OF_A_BATCH, ({ fence }) => fence.processId);
    this.#queue = [...others, ...left];
    return [...batch.values()];
  }

  async #flush(batch: readonly Waiting[]): Promise<void> {
    const plans = new Map<string, Planned>();
    for (const one of batch) {
      const plan = this.#planned(one);
      if (plan !== undefined) plans.set(one.fence.processId, plan);
    }
    const written = await this.#write(
      batch.filter(({ fence }) => plans.has(fence.processId)),
      plans,
    );
    for (const { fence, resolve } of batch) {
      const plan = plans.get(fence.processId);
      if (plan === undefined || !written.has(fence.processId)) {
        this.forget(fence.processId);
        resolve(undefined);
        continue;
      }
      this.#keep(fence, plan.record);
      resolve({ record: plan.record, events: plan.events, duplicate: false });
    }
  }

  #planned({ fence, bodies }: Waiting): Planned | undefined {
    const owned = this.#owned.get(fence.processId);
    const same =
      owned !== undefined && owned.fence.epoch === fence.epoch && owned.fence.node.nonce === fence.node.nonce;
    if (!same) return undefined;
    const { nodeId, generation } = fence.node;
    const now = Math.floor(this.#ahead + performance.now());
    const plan = planProcessAppend(fence.processId, owned.record, bodies, { nodeId, generation }, now);
    if (plan.type !== "append") return undefined;
    const wakes = plan.wakes && plan.record.registration.wake !== null;
    return wakes || plan.record.grants !== owned.record.grants ? undefined : plan;
  }

  /** Those that landed for certain. */
  async #write(batch: readonly Waiting[], plans: ReadonlyMap<string, Planned>): Promise<ReadonlySet<string>> {
    const rows = batch.map((waiting) => rowOf(waiting, plans.get(waiting.fence.processId)!));
    const [first] = rows;
    if (first === undefined) return new Set();
    const { database } = this.#context;
    try {
      const one = this.#ofOne(rows);
      if (one !== undefined) {
        const count = await database.writeCounted(appendOwnProcessEvent, one, { repeatLost: true });
        return new Set(count === 1 ? [first.fence.processId] : []);
      }
      const written = await database.write(appendOwnedProcessEvents, this.#ofMany(first, rows));
      return new Set(written.map(({ process_id }) => String(process_id)));
    } catch {
      // The general way asks each for itself, finds what has landed by its key, and tells what is wrong.
      return new Set();
    }
  }

  /** Undefined: it is not one event of one process. */
  #ofOne([row, other]: readonly OwnedRow[]): readonly Parameter[] | undefined {
    const [event, another] = row?.events ?? [];
    if (row === undefined || event === undefined || other !== undefined || another !== undefined)
      return undefined;
    const { fence, epoch, head, record, live, version, key, digest, told } = row;
    const { channels, origin } = this.#context;
    return [
      ...nodeValues(fence.node),
      fence.processId,
      epoch,
      head,
      JSON.stringify(record),
      live,
      event.seq,
      event.at,
      JSON.stringify(event.body),
      version,
      key,
      digest,
      told ? channels.processes : null,
      told ? processHints(origin, [fence.processId])[0]! : null,
    ];
  }

  #ofMany({ fence, version }: OwnedRow, rows: readonly OwnedRow[]): unknown[] {
    const { channels, origin } = this.#context;
    const asked = rows.map(({ fence, epoch, head, record, live, events, key, digest, told }) => ({
      process_id: fence.processId,
      epoch,
      head,
      record,
      live,
      events,
      key,
      digest,
      told,
    }));
    return [
      ...nodeValues(fence.node),
      version,
      channels.processes,
      JSON.stringify(asked),
      origin,
      asked.map(({ process_id }) => process_id),
    ];
  }
}

interface OwnedRow {
  readonly fence: ProcessFence;
  readonly epoch: number;
  /** That it had before. */
  readonly head: number;
  readonly record: ProcessRecord;
  readonly live: boolean;
  readonly events: readonly { readonly seq: number; readonly at: number; readonly body: ProcessEventBody }[];
  readonly version: number;
  readonly key: string;
  readonly digest: string;
  /** Others that watch it are given a hint. */
  readonly told: boolean;
}

function rowOf({ fence, key, digest, version }: Waiting, { record, events }: Planned): OwnedRow {
  return {
    fence,
    epoch: fence.epoch,
    head: record.head - events.length,
    record,
    live: record.end === null,
    events: events.map(({ seq, at, body }) => ({ seq, at, body })),
    version,
    key,
    digest,
    told: events.some(({ body }) => tellsOthers(body)),
  };
}
