import type { TurnState } from "@pawl/core";

/** Keys of calls that are being handed to other agents: begun, and nothing of it in the machine's state yet. */
export function handingOver({ delegated = [], phase }: TurnState): readonly string[] {
  if (delegated.length === 0) return [];
  const slots = "slots" in phase ? phase.slots : [];
  const unrecorded = new Set(slots.filter(({ wait }) => wait === undefined).map(({ call }) => call.callId));
  return delegated.filter(({ callId }) => unrecorded.has(callId)).map(({ key }) => key);
}
