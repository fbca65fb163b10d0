import { isPawlError, PawlError, type SessionId } from "@pawl/core";
import type { Leases, Logger, SessionClaim } from "@pawl/core/ports";
import type { LeaseKeeper } from "./lease-keeper.ts";
import type { RunHandle } from "./run-handle.ts";

export interface SessionWorkerOptions {
  readonly leases: Leases;
  readonly keeper: LeaseKeeper;
  readonly logger: Logger;
  /** Behaviour versions of open turns that `drive` can go on with (D7). */
  readonly behaviours: readonly string[];
  /** Drives a claimed session until it is left. `signal`: stop at once; `stopping`: begin nothing new. */
  drive(
    claim: SessionClaim,
    options: { readonly signal: AbortSignal; readonly stopping: AbortSignal },
  ): Promise<unknown>;
  /** Called when a session was left, however. */
  completed(sessionId: SessionId): void;
}

/** Claims sessions for this node and drives them side by side. */
export interface SessionWorker extends RunHandle {
  /** Sessions driven so far. */
  readonly driven: number;
  /** Lets what runs end until `drainMs` are over, then ends it. Resolves when nothing of it runs any more. */
  stop(options: { readonly drained: Promise<void> }): Promise<void>;
  /** Resolves when nothing is being driven. */
  idle(): Promise<void>;
}

export function createSessionWorker(options: SessionWorkerOptions): SessionWorker {
  const { leases, keeper, logger, behaviours } = options;
  const stopping = new AbortController();
  const ending = new AbortController();
  const drives = new Set<Promise<void>>();
  let driven = 0;

  async function drive(claim: SessionClaim, lost: AbortSignal): Promise<void> {
    const { sessionId } = claim;
    try {
      await options.drive(claim, {
        signal: AbortSignal.any([lost, ending.signal]),
        stopping: stopping.signal,
      });
      driven += 1;
    } catch (thrown) {
      const { code, message } = PawlError.from(thrown);
      const expected = ending.signal.aborted || lost.aborted || isPawlError(thrown, "store_fenced");
      logger[expected ? "info" : "error"]("a session was given up", { sessionId, code, message });
    }
    options.completed(sessionId);
  }

  async function idle(): Promise<void> {
    while (drives.size > 0) await Promise.all(drives);
  }

  return {
    get driven() {
      return driven;
    },
    idle,
    async runQueuedWork({ sessionId }) {
      if (stopping.signal.aborted) return { type: "idle" };
      const { lease, lost } = await keeper.current();
      const wanted = { limit: 1, behaviours, ...(sessionId !== undefined && { sessionId }) };
      const [claim] = await leases.claim(lease, wanted);
      if (claim === undefined) return { type: "idle" };
      const running = drive(claim, lost).finally(() => drives.delete(running));
      drives.add(running);
      return { type: "submitted", sessionId: claim.sessionId };
    },
    async stop({ drained }) {
      stopping.abort(new PawlError("node_stopping", "This node is stopping."));
      await Promise.race([idle(), drained]);
      ending.abort(
        new PawlError("node_stopped", "This node stopped; whoever owns the session next goes on."),
      );
      await idle();
    },
  };
}
