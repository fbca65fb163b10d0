import type { JsonDigest } from "@pawl/core";
import type { Logger, NewId } from "@pawl/core/ports";
import type { BegunTurns } from "./begun-turns.ts";
import type { Database } from "./connection/database.ts";
import type { GroupCommit } from "./connection/group-commit.ts";
import type { DatabaseTime } from "./database-time.ts";
import type { Hints } from "./hints.ts";
import type { Liveness } from "./liveness.ts";
import type { LostSessionClaims } from "./lost-session-claims.ts";
import type { NeighbourWatch } from "./neighbour-watch.ts";
import type { UsualEnds } from "./usual-ends.ts";

/** Where hints travel between processes. A channel belongs to one schema of one database. */
export interface Channels {
  /** There may be work; payload: a session id, or empty for anywhere. */
  readonly work: string;
  /** A log grew by a commit; payload: the session id. */
  readonly log: string;
  /** An await-event was resolved or revoked; payload: its key. */
  readonly awaits: string;
  /** The logs of background tasks grew; payload: see `connection/process-hint.ts`. */
  readonly processes: string;
  /** The log or the record of a job changed; payload: its id. */
  readonly jobs: string;
}

/** What the ports share. */
export interface StoreContext {
  readonly database: Database;
  readonly groupCommit: GroupCommit;
  readonly begun: BegunTurns;
  readonly ends: UsualEnds;
  readonly lostClaims: LostSessionClaims;
  readonly hints: Hints;
  readonly liveness: Liveness;
  readonly neighbour: Pick<NeighbourWatch, "watch">;
  readonly time: DatabaseTime;
  readonly channels: Channels;
  /** Of what this store says on the channels, so that it knows its own words. */
  readonly origin: string;
  readonly newId: NewId;
  readonly logger: Logger;
  readonly digest: JsonDigest;
}
