import { AUTHORITY_SECTIONS } from "./authority-requirements.ts";
import { JOB_SECTIONS } from "./job-requirements.ts";
import { type Requirement, type Section, section } from "./requirement.ts";
import { SESSION_SECTIONS } from "./session-requirements.ts";

/** The specification as data, in its own order. Ids never change; a new requirement goes to the end of its section. */
export const SECTIONS: readonly Section[] = [
  ...SESSION_SECTIONS,
  ...JOB_SECTIONS,
  ...AUTHORITY_SECTIONS,
  section("11", "Trace propagation", [
    [
      "MUST",
      "runtime",
      "A submission's trace_id is on everything of its job; without one a fresh one is made.",
    ],
    ["MUST", "runtime", "Agents and sub-agents get the trace context."],
  ]),
  section("12", "Errors", [
    ["MUST", "both", "Errors have one of the fifteen codes, a message and retryable."],
    ["MUST", "both", "INTERNAL_ERROR is retryable, LEASE_EXPIRED and BUDGET_EXHAUSTED are not."],
    ["MUST", "runtime", "An agent's exception is INTERNAL_ERROR."],
    ["ours", "runtime", "Every refusal of a request carries its request_id and trace_id."],
  ]),
  section("14", "Security", [
    ["SHOULD", "runtime", "Sessions of one principal are capped."],
    ["SHOULD", "runtime", "Every subscription is audited."],
    ["ours", "runtime", "Resume tokens are stored as hashes only."],
    ["ours", "runtime", "Floods of frames slow their sender down and disturb nobody else."],
  ]),
];

export const REQUIREMENTS: readonly Requirement[] = SECTIONS.flatMap(({ requirements }) => requirements);
