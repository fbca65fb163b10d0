// The ports
export type { Awaitable } from "./awaitable.ts";
export type { AppendBatch, Delivery, EventStore, JobLogEntry } from "./event-store.ts";
export type { JobRecord, JobStore, JobUpdate } from "./job-store.ts";
// In memory
export { type MemoryLimits, MemoryPersistence, memoryPersistence } from "./memory-persistence.ts";
export type { ArcpPersistence, CredentialStore } from "./persistence.ts";
export type { ClaimedSession, SessionRecord, SessionStore } from "./session-store.ts";
