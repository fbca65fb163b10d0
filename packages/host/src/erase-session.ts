import { isPawlError, PawlError, type SessionId } from "@pawl/core";
import type { Clock, ErasedSession, Log, Store } from "@pawl/core/ports";

export interface EraseOptions {
  /** How long a turn that runs is waited for, in milliseconds. Default 30 000. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
}

const WAIT_MS = 30_000;
const LOOK_EVERY_MS = 100;
/** Rows of each table in one step. */
const BATCH = 1_000;

/**
 * Erases a session and those of the agents that worked for it, step by step; whoever begins again after a crash goes on. A node that drives it is asked to end its turn and waited for.
 *
 * @throws PawlError `session_unknown`; `session_busy` when the turn did not end in time: nothing enters the session any more, erase again
 */
export async function eraseSession(
  { store, clock }: { readonly store: Pick<Store, "open" | "retention" | "log">; readonly clock: Clock },
  id: SessionId,
  shown: string,
  { waitMs = WAIT_MS, signal }: EraseOptions = {},
): Promise<ErasedSession> {
  await store.open();
  const until = clock.now() + waitMs;
  // Agents that worked for it have sessions of their own, which its log points at: they go first, or nobody could find them.
  for (const child of await sessionsOfAgents(store.log, id)) {
    const options = { waitMs: Math.max(0, until - clock.now()), ...(signal && { signal }) };
    await eraseSession({ store, clock }, child, child, options).catch(unlessUnknown);
  }
  for (;;) {
    signal?.throwIfAborted();
    const step = await store.retention.erase(id, { limit: BATCH });
    if (step.status === "erased") return step.session;
    if (step.status === "unknown") {
      throw new PawlError("session_unknown", `There is no session "${shown}". Its first input makes it.`);
    }
    if (step.status === "erasing") continue;
    if (clock.now() >= until) {
      throw new PawlError(
        "session_busy",
        `A turn of session "${shown}" was asked to end and still runs. Nothing enters the session any more: erase it again.`,
      );
    }
    await new Promise<void>((resolve) => {
      clock.at(clock.now() + LOOK_EVERY_MS, resolve);
    });
  }
}

const PAGE = 500;

async function sessionsOfAgents(log: Log, id: SessionId): Promise<ReadonlySet<SessionId>> {
  const found = new Set<SessionId>();
  for (let after = 0; ; ) {
    const rows = await log.read(id, { after, limit: PAGE });
    for (const { body } of rows) {
      if (body.kind !== "machine_input" || body.input.type !== "effect_settled") continue;
      const { outcome } = body.input;
      if (outcome.kind === "tool_call" && outcome.launch.status === "delegated")
        found.add(outcome.launch.child.sessionId as SessionId);
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return found;
    after = last.seq;
  }
}

function unlessUnknown(thrown: unknown): void {
  if (!isPawlError(thrown, "session_unknown")) throw thrown;
}
