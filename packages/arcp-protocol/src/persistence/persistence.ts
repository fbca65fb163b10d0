import type { OutstandingCredential } from "../credentials/credential-provisioner.ts";
import type { Awaitable } from "./awaitable.ts";
import type { EventStore } from "./event-store.ts";
import type { JobStore } from "./job-store.ts";
import type { SessionStore } from "./session-store.ts";

/** Credentials that are not known to be revoked. Written before a credential is shown to anybody. */
export interface CredentialStore {
  add(credentials: readonly OutstandingCredential[]): Awaitable<void>;
  remove(credentialId: string): Awaitable<void>;
  list(): Awaitable<readonly OutstandingCredential[]>;
}

/** Everything that the runtime remembers. `memoryPersistence()` forgets with the process; others need not. */
export interface ArcpPersistence {
  /** Names this log. A store that was restored from an older copy must have another one: resume tokens carry it. */
  readonly incarnation: string;
  readonly sessions: SessionStore;
  readonly jobs: JobStore;
  readonly events: EventStore;
  readonly credentials: CredentialStore;
}
