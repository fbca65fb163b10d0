import type { InputPart, SessionId } from "@pawl/core";
import type { InputRecord } from "@pawl/core/ports";
import { createTurnHandle, type TurnHandleOptions } from "./turn.ts";
import type { TurnSummary } from "./turn-handle.ts";

const MAX_PROMPT = 200;

/** The newest turns of a session, oldest first: one per input that began one. */
export async function summariseTurns(
  id: SessionId,
  options: TurnHandleOptions,
  { limit = 50 }: { readonly limit?: number } = {},
): Promise<readonly TurnSummary[]> {
  const { store } = options;
  const inputs = await store.inbox.list(id);
  const begun = new Map<string, InputRecord>();
  for (const input of inputs) {
    // Inputs that were steered into a turn come after the one that began it.
    if (input.turnId !== null && !begun.has(input.turnId)) begun.set(input.turnId, input);
  }
  const newest = limit > 0 ? [...begun.values()].slice(-limit) : [];
  return Promise.all(newest.map(summarise));

  async function summarise(input: InputRecord): Promise<TurnSummary> {
    const turnId = input.turnId as NonNullable<InputRecord["turnId"]>;
    const facts = { turnId, prompt: promptOf(input.content.parts), acceptedAt: input.acceptedAt };
    const committed = await store.sessions.loadCommitted(turnId);
    const outcome = committed?.receipt.outcome ?? null;
    if (committed === null || outcome === null) {
      return { ...facts, state: (await createTurnHandle(turnId, options).explain()).state };
    }
    return { ...facts, state: outcome.status, committedAt: committed.committedAt, usage: committed.usage };
  }
}

function promptOf(parts: readonly InputPart[]): string {
  const text = parts.map((part) => (part.type === "text" ? part.text : `[${part.type}]`)).join(" ");
  return text.replace(/\s+/g, " ").trim().slice(0, MAX_PROMPT).toWellFormed();
}
