import { type Section, section } from "./requirement.ts";

/** Sections 7 and 8: jobs, and what is told of them. */
export const JOB_SECTIONS: readonly Section[] = [
  section("7.1", "Submission", [
    ["MUST", "runtime", "job.accepted echoes lease and constraints and comes before the job's first event."],
    ["MUST", "runtime", "job.accepted has the initial budget counters when the lease has a budget."],
    [
      "ours",
      "runtime",
      "A refused submission is a numbered job.error on a job id of its own that names its request.",
    ],
    ["ours", "runtime", "A refusal leaves all other jobs of the session alone."],
    ["MUST", "runtime", "A malformed submission is INVALID_REQUEST."],
    ["ours", "runtime", "A hundred jobs of one session run at once."],
  ]),
  section("7.2", "Idempotency", [
    [
      "MUST",
      "runtime",
      "The same key with the same parameters gives the same job.accepted payload, also after the end.",
    ],
    [
      "MUST",
      "runtime",
      "A key reused with other parameters is DUPLICATE_KEY and does not touch the first job.",
    ],
    ["ours", "runtime", "Submissions that race under one key start one job."],
    ["ours", "runtime", "Keys of different principals are different keys."],
    ["ours", "runtime", "A repetition from another session is shown the job's events from their beginning."],
    ["ours", "runtime", "Keys outlive the process where the persistence does."],
  ]),
  section("7.3", "Lifecycle", [
    [
      "MUST",
      "runtime",
      "A job ends in success, error, cancelled or timed_out, exactly once, and nothing follows.",
    ],
    ["MUST", "runtime", "BUDGET_EXHAUSTED and LEASE_EXPIRED end in final_status error."],
    ["MUST", "runtime", "A job that exceeds max_runtime_sec ends with TIMEOUT and final_status timed_out."],
    ["ours", "runtime", "States change along a table; what is not in it is refused and changes nothing."],
  ]),
  section("7.4", "Cancellation", [
    [
      "MUST",
      "runtime",
      "job.cancel is acknowledged with job.cancelled, then job.error CANCELLED ends the job.",
    ],
    ["ours", "runtime", "An agent that does not stop is ended after the grace."],
    ["MUST", "runtime", "Only the submitting session may cancel."],
    [
      "ours",
      "runtime",
      "A cancel of an unknown, foreign or ended job is refused by name and changes nothing.",
    ],
    ["ours", "runtime", "Cancelling a parent cancels its children."],
  ]),
  section("7.5", "Agent versions", [
    ["MUST", "runtime", "A bare name runs the default version."],
    [
      "MUST",
      "runtime",
      "name@version runs exactly that version; an unknown one is AGENT_VERSION_NOT_AVAILABLE.",
    ],
    ["MUST", "runtime", "An unknown agent is AGENT_NOT_AVAILABLE."],
    ["MUST", "runtime", "The resolved version appears in job.accepted and in listings."],
    ["ours", "runtime", "A name outside of the grammar is INVALID_REQUEST."],
  ]),
  section("7.6", "Subscription", [
    ["MUST", "runtime", "job.subscribed describes the job's authority and comes before its events."],
    ["MUST", "runtime", "Without history only what is emitted afterwards is seen."],
    ["MUST", "runtime", "With history the events after from_event_seq of the owner's stream come first."],
    ["MUST", "runtime", "Each event arrives exactly once, in the subscriber's own gap-free numbering."],
    [
      "MUST",
      "runtime",
      "By default only the submitting principal may subscribe; to others the job does not exist.",
    ],
    ["MUST", "runtime", "A subscriber cannot cancel the job."],
    ["MUST", "runtime", "After job.unsubscribe nothing more of the job arrives."],
    ["ours", "runtime", "An ended job replays to its end."],
    ["MUST", "runtime", "A subscriber keeps observing while the owner is disconnected."],
    ["MUST", "runtime", "The descriptor's budget is the current one."],
    ["MAY", "runtime", "A deployment may let other principals observe; then without credentials."],
    ["ours", "runtime", "A second subscription to the same job does not double its events."],
  ]),
  section("8", "Job events", [
    [
      "MUST",
      "runtime",
      "An event carries type, session_id, job_id, event_seq and a payload of kind and body.",
    ],
    ["MUST", "runtime", "Bodies of known kinds have their shape; others are not emitted."],
    ["ours", "both", "Vendor kinds pass through."],
    ["MUST", "runtime", "progress.current is not negative."],
  ]),
  section("8.3", "Ordering", [
    [
      "MUST",
      "runtime",
      "event_seq is session-scoped, from 1, strictly monotonic and gap-free, with many jobs at once.",
    ],
    ["SHOULD", "client", "A client that sees a gap resumes the session."],
  ]),
  section("8.4", "Result streaming", [
    ["MUST", "runtime", "Chunks are emitted in order from 0; only the last says more:false."],
    ["MUST", "runtime", "job.result names result_id and size of a streamed result and has no inline result."],
    ["MUST", "runtime", "Binary chunks are base64."],
    ["MUST", "runtime", "A chunk or a result beyond its cap ends the job with INTERNAL_ERROR."],
    ["MUST", "runtime", "Inline and streamed results are not mixed."],
    ["MUST", "client", "The client concatenates decoded chunks in order and checks that none is missing."],
  ]),
];
