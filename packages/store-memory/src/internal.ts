// For this package's own tests: several stores over one state, and states that no verb of today leads to. Not exported.
import type { RuntimeState, SessionId } from "@pawl/core";
import { noteNeed } from "./claim-policy.ts";
import { emptyState, type MemoryState } from "./memory-state.ts";
import { storeOver } from "./memory-store.ts";

export { emptyState, type MemoryState, storeOver };

export function setRuntimeState(state: MemoryState, sessionId: SessionId, to: RuntimeState): void {
  const session = state.sessions.get(sessionId)!;
  session.runtimeState = to;
  noteNeed(state, session);
}
