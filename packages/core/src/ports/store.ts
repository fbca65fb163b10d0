import type { Attachments } from "./attachments.ts";
import type { AwaitEventRows } from "./await-events.ts";
import type { Inbox } from "./inbox.ts";
import type { Jobs } from "./jobs.ts";
import type { Leases } from "./leases.ts";
import type { Log } from "./log.ts";
import type { Outbox } from "./outbox.ts";
import type { Processes } from "./processes.ts";
import type { Retention } from "./retention.ts";
import type { Sessions } from "./sessions.ts";
import type { StoreTime } from "./store-time.ts";
import type { Tokens } from "./tokens.ts";

/** Small values that all nodes of one store agree on: the first writer wins, and who replaces says what it replaces. */
export interface Secrets {
  /** The stored value, or the one that `create` makes when there is none; what it throws is thrown, and nothing is stored. */
  loadOrCreate(name: string, create: () => string): Promise<string>;
  /** Puts `value` in the place of exactly `expected`. False when something else is stored, or nothing. */
  replace(name: string, expected: string, value: string): Promise<boolean>;
}

/** Everything that lasts. Stores differ in where they keep it, not in what it means: one contract suite tests all. */
export interface Store<Tx = never> {
  readonly sessions: Sessions;
  readonly log: Log;
  readonly inbox: Inbox<Tx>;
  readonly leases: Leases;
  readonly awaits: AwaitEventRows;
  readonly processes: Processes;
  readonly jobs: Jobs;
  readonly outbox: Outbox;
  readonly attachments: Attachments;
  readonly secrets: Secrets;
  readonly tokens: Tokens;
  readonly retention: Retention;
  /** `durable`: what was committed survives the process. */
  readonly durability: "memory" | "durable";
  /** Absent: its clock is this process's. Two nodes agree on when a lost attempt cannot begin any more by this and not by their clocks (D12). */
  readonly time?: StoreTime;
  /** Gets ready: migrations, start-up checks. Safe to call more than once and from several processes. */
  open(): Promise<void>;
  /** Hints end; every later call of a verb is `store_closed`, until the store is opened again. Safe to call more than once. */
  close(): Promise<void>;
}
