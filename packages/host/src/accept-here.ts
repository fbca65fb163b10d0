import type { SessionId } from "@pawl/core";
import type { Accepted, ClaimWithInput } from "@pawl/core/ports";
import type { QueueRunner, SessionWorker } from "@pawl/queue-runner";

/** Accepts an input: `accept` is told of the node that would drive it at once, if there is one. `here`: that one drives it. */
export type AcceptHere = (
  sessionId: SessionId,
  accept: (claim?: ClaimWithInput) => Promise<Accepted>,
) => Promise<Accepted & { readonly here: boolean }>;

/**
 * An input that this host could drive at once is accepted and claimed in one go, in a place of its runner: then nobody need be told of it,
 * no claim comes after, and its turn begins while the disk is being waited for. Where the runner has no place, or the store finds that the
 * session has something else to do first, it is accepted as any other.
 */
export function acceptHere(
  runner: Pick<QueueRunner, "offer">,
  worker: Pick<SessionWorker, "take">,
): AcceptHere {
  return async (sessionId, accept) => {
    let accepting: Promise<Accepted> | undefined;
    const begun = await runner.offer(sessionId, () =>
      worker.take((lease, taken) => {
        accepting = accept(lease && { lease, taken });
        return accepting;
      }),
    );
    const accepted = await (accepting ?? accept());
    return { ...accepted, here: begun?.type === "submitted" };
  };
}
