import fc from "fast-check";
import {
  nodeId,
  type ProcessEventBody,
  type ProcessOwner,
  type ProcessRegistration,
  processId,
  sessionId,
} from "../../src/index.ts";

export const OWNERS: readonly ProcessOwner[] = [
  { nodeId: nodeId("a"), generation: 1 },
  { nodeId: nodeId("a"), generation: 2 },
  { nodeId: nodeId("b"), generation: 1 },
];

export const registrationOf = (
  disposition: ProcessRegistration["disposition"],
  more: Partial<ProcessRegistration> = {},
): ProcessRegistration => ({
  processId: processId("p1"),
  name: "import",
  input: { rows: 3 },
  disposition,
  signals: [
    { name: "pause", schema: { type: "object" } },
    { name: "rate", schema: { type: "number" } },
  ],
  wake: null,
  ...more,
});

const session = fc.constantFrom("s1", "s2", "s3").map((id) => sessionId(id));
const owner = fc.constantFrom(...OWNERS);

/** Anything that somebody may try to append, sensible or not. */
export const eventBody: fc.Arbitrary<ProcessEventBody> = fc.oneof(
  fc.constantFrom("rerunnable" as const, "external" as const).map((disposition) => ({
    type: "registered" as const,
    registration: registrationOf(disposition),
  })),
  session.map((sessionId) => ({ type: "grant_added" as const, sessionId })),
  session.map((sessionId) => ({ type: "grant_revoked" as const, sessionId })),
  fc.tuple(session, session).map(([from, to]) => ({ type: "transferred" as const, from, to })),
  fc.tuple(fc.nat(3), owner).map(([attempt, owner]) => ({ type: "started" as const, attempt, owner })),
  owner.map((owner) => ({ type: "left" as const, owner })),
  fc.string().map((stepId) => ({ type: "step_done" as const, stepId, value: 1 })),
  fc
    .tuple(fc.constantFrom("pause", "rate", "toString", "other"), fc.nat(9))
    .map(([name, ordinal]) => ({ type: "signal" as const, name, ordinal, payload: ordinal })),
  fc.constant({ type: "cancel_requested" as const, origin: "host" }),
  fc.tuple(fc.nat(), fc.boolean()).map(([value, wake]) => ({ type: "progress" as const, value, wake })),
  fc.constant({ type: "completed" as const, output: { done: true } }),
  fc.constant({ type: "failed" as const, error: { code: "down", message: "It was down." } }),
  fc.constant({ type: "cancelled" as const }),
  owner.map((owner) => ({ type: "abandoned" as const, evidence: { type: "owner_gone" as const, owner } })),
  owner.map((owner) => ({
    type: "abandoned" as const,
    evidence: { type: "owner_left" as const, owner, reason: "stop" },
  })),
  fc.constant({ type: "abandoned" as const, evidence: { type: "reported" as const, by: "ana" } }),
);

export const writer = fc.option(owner, { nil: null });
export const disposition = fc.constantFrom(
  "rerunnable" as const,
  "owner_bound" as const,
  "external" as const,
);
