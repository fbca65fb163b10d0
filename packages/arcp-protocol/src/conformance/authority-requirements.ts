import { type Section, section } from "./requirement.ts";

/** Sections 9 and 10: what a job may do, and what it may hand on. */
export const AUTHORITY_SECTIONS: readonly Section[] = [
  section("9.2", "Lease grammar", [
    [
      "MUST",
      "runtime",
      "`*` stays within a segment, `**` crosses segments, all else is literal and anchored.",
    ],
    ["ours", "runtime", "Paths and URLs are made canonical before they are matched; escapes do not work."],
    ["ours", "runtime", "Unknown namespaces are INVALID_REQUEST; x-vendor namespaces are allowed."],
  ]),
  section("9.3", "Enforcement", [
    [
      "MUST",
      "runtime",
      "An operation that the lease does not cover is PERMISSION_DENIED; no lease covers nothing.",
    ],
    ["MUST", "runtime", "A refused operation is not dispatched; the agent sees the refusal and may go on."],
    ["ours", "runtime", "The order of the checks is expiry, budget, pattern."],
  ]),
  section("9.4", "Lease subsetting", [
    ["MUST", "runtime", "A delegated lease that exceeds its parent's is LEASE_SUBSET_VIOLATION."],
    ["MUST", "runtime", "A delegated budget cannot exceed what the parent has left, all children together."],
    ["MUST", "runtime", "A delegated expiry cannot be later than the parent's and is inherited when absent."],
    ["MUST", "runtime", "Delegated model.use patterns are a subset of the parent's."],
    ["ours", "runtime", "Containment of patterns is decided exactly, also for unions of patterns."],
  ]),
  section("9.5", "Lease expiration", [
    [
      "MUST",
      "runtime",
      "expires_at must be UTC with Z and in the future, or the submission is INVALID_REQUEST.",
    ],
    ["MUST", "runtime", "An operation at or after expires_at is LEASE_EXPIRED."],
    ["MUST", "runtime", "A job that goes on after its lease's end is ended with LEASE_EXPIRED."],
  ]),
  section("9.6", "Budgets", [
    ["MUST", "runtime", "Cost metrics decrement the matching counter, exactly."],
    [
      "MUST",
      "runtime",
      "When a counter is at or below zero every operation is BUDGET_EXHAUSTED, not retryable.",
    ],
    ["MUST", "runtime", "Negative costs are rejected and decrement nothing."],
    ["MUST", "runtime", "Currencies are counted independently; other units are not counted."],
    ["MUST", "runtime", "A malformed amount is INVALID_REQUEST."],
    ["MAY", "runtime", "cost.budget.remaining is emitted as the budget goes down and is not itself counted."],
  ]),
  section("9.7", "Models", [
    ["MUST", "runtime", "A model that no pattern matches is PERMISSION_DENIED."],
    ["ours", "runtime", "model.use is offered only where credentials can enforce it upstream."],
  ]),
  section("9.8", "Provisioned credentials", [
    ["MUST", "runtime", "Credentials are issued with job.accepted, to a session that negotiated them."],
    ["MUST", "runtime", "Every credential is revoked when its job ends, however it ends."],
    ["SHOULD", "runtime", "A failed revocation is retried, reported, and taken up after a restart."],
    ["MUST", "runtime", "Without a provisioner the feature is not offered."],
    ["MUST", "runtime", "A rotation tells the submitter the new value and nobody else."],
    ["MUST", "runtime", "A credential's value is used for one job only."],
    ["MUST", "runtime", "When a parent ends, its children's credentials end."],
    ["MUST", "runtime", "Credentials never appear in listings, in other principals' views or in the log."],
  ]),
  section("10", "Delegation", [
    [
      "MUST",
      "runtime",
      "A delegate event starts the child in the same session, with parent_job_id and delegate_id.",
    ],
    ["MUST", "runtime", "A refused delegation is a tool_result error under the delegate_id."],
    ["MUST", "runtime", "Delegating needs agent.delegate on the child's agent."],
    ["ours", "runtime", "What a child leaves of its budget returns to its parent once."],
  ]),
];
