import type { SessionId } from "@pawl/core";
import type { Accepted, NodeLease } from "@pawl/core/ports";
import type { QueueRunner, SessionWorker } from "@pawl/queue-runner";

/** Accepts an input: `accept` is given the lease of the node that would drive it at once, if there is one. */
export type AcceptHere = (
  sessionId: SessionId,
  accept: (claim?: NodeLease) => Promise<Accepted>,
) => Promise<Accepted>;

/**
 * An input that this host could drive at once is accepted and claimed in one go, in a place of its runner: then nobody need be told of it, and
 * no claim comes after. Where the runner has no place, or the store finds that the session has something else to do first, it is
 * accepted as any other.
 */
export function acceptHere(
  runner: Pick<QueueRunner, "offer">,
  worker: Pick<SessionWorker, "take">,
): AcceptHere {
  return async (sessionId, accept) => {
    let accepted: Accepted | undefined;
    await runner.offer(sessionId, () =>
      worker.take(async (lease) => {
        accepted = await accept(lease);
        return accepted.claim;
      }),
    );
    return accepted ?? (await accept());
  };
}
