import { type SessionOwner, sessionPrefix } from "@pawl/core";

/** Bounds of the ids of an owner's sessions: from the first on, up to the second without it. A prefix ends in `/`, and `0` comes after. */
export function ownerValues(owner: SessionOwner): readonly [from: string, to: string] {
  const prefix = sessionPrefix(owner);
  return [prefix, `${prefix.slice(0, -1)}0`];
}
