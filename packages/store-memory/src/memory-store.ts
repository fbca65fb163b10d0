import { type BytesDigest, type JsonDigest, loadBytesDigest, loadJsonDigest } from "@pawl/core";
import type {
  Attachments,
  AwaitEventRows,
  Clock,
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
import { attachmentSections } from "./attachments.ts";
import { awaitSections } from "./await-events.ts";
import type { MemoryContext } from "./context.ts";
import { closed } from "./errors.ts";
import { Hints } from "./hints.ts";
import { inboxSections } from "./inbox.ts";
import { jobSections } from "./jobs.ts";
import { leaseSections } from "./leases.ts";
import { logSections } from "./log.ts";
import { emptyState, type MemoryState } from "./memory-state.ts";
import { outboxSections } from "./outbox.ts";
import { processSections } from "./processes.ts";
import { retentionSections } from "./retention.ts";
import { secretSections } from "./secrets.ts";
import { portOf } from "./sections.ts";
import { sessionSections } from "./sessions.ts";
import { tokenSections } from "./tokens.ts";

export interface MemoryStoreOptions {
  /** The store's clock, which decides about leases and due times. Default: the system's. */
  readonly clock?: Pick<Clock, "now">;
  /** Default: core's SHA-256, loaded at the first use. */
  readonly digest?: JsonDigest;
  /** Makes the nonces of node leases. Default: 128 random bits. */
  readonly newId?: NewId;
  /** Hears of listeners that throw. */
  readonly logger?: Logger;
}

/**
 * A store in the memory of this process, for tests, browsers and agents that may forget. Ready at once; `open` is not
 * needed. Every verb is one synchronous section over one state, so it happens wholly or not at all and nobody sees it
 * half done; every value that is returned is frozen. It holds what it is given until the process ends.
 */
export function memoryStore(options: MemoryStoreOptions = {}): Store {
  return storeOver(emptyState(), options);
}

/** Another store over the same state, as another process would open the same database. */
export function storeOver(state: MemoryState, options: MemoryStoreOptions = {}): Store {
  const { clock = Date, newId = randomId, logger } = options;
  const hints = new Hints(logger);
  let digest = options.digest;
  let bytesDigest: BytesDigest | undefined;
  let isOpen = true;

  const context: MemoryContext = {
    state,
    hints,
    newId,
    now: () => clock.now(),
    digest: (value) => digest!(value),
    bytesDigest: (bytes) => bytesDigest!(bytes),
  };
  const check = () => {
    if (!isOpen) throw closed();
  };
  const gate = {
    check,
    async enter() {
      digest ??= await loadJsonDigest();
      bytesDigest ??= await loadBytesDigest();
      check();
    },
  };

  return {
    sessions: portOf<Sessions>(sessionSections(context), gate),
    log: portOf<Log>(logSections(context), gate, ["onAppend"]),
    inbox: portOf<Inbox>(inboxSections(context), gate),
    leases: portOf<Leases>(leaseSections(context), gate, ["onWork", "onDue", "onRest"]),
    awaits: portOf<AwaitEventRows>(awaitSections(context), gate, ["onResolved"]),
    processes: portOf<Processes>(processSections(context), gate, ["onChange"]),
    jobs: portOf<Jobs>(jobSections(context), gate, ["onChange", "onClaimed"]),
    outbox: portOf<Outbox>(outboxSections(context), gate, ["onMessage"]),
    attachments: portOf<Attachments>(attachmentSections(context), gate),
    secrets: portOf<Secrets>(secretSections(context), gate),
    tokens: portOf<Tokens>(tokenSections(context), gate),
    retention: portOf<Retention>(retentionSections(context), gate),
    durability: "memory",
    async open() {
      isOpen = true;
      await gate.enter();
    },
    async close() {
      isOpen = false;
      hints.clear();
    },
  };
}

/** Not `randomUUID`, which pages have only over HTTPS. */
function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
