/** Who has to keep a requirement. */
export type Side = "runtime" | "client" | "both";

export type Level = "MUST" | "SHOULD" | "MAY" | "ours";

/** One requirement of ARCP 1.1, or one of our decisions where the draft is open (level `ours`). */
export interface Requirement {
  /** Section and a number: `6.3-2`. Tests cite it in brackets in their titles. */
  id: string;
  level: Level;
  side: Side;
  text: string;
}

function section(
  number: string,
  title: string,
  rules: readonly (readonly [Level, Side, string])[],
): { number: string; title: string; requirements: Requirement[] } {
  return {
    number,
    title,
    requirements: rules.map(([level, side, text], at) => ({ id: `${number}-${at + 1}`, level, side, text })),
  };
}

/** The specification as data, in its own order. Ids never change; a new requirement goes to the end of its section. */
export const SECTIONS = [
  section("4", "Transport", [
    ["MUST", "both", "WebSocket works for network deployments."],
    ["MUST", "both", "stdio works for in-process children."],
    [
      "ours",
      "both",
      "Client and runtime in one process talk over a memory transport with the same behaviour.",
    ],
  ]),
  section("5", "Wire format", [
    ["MUST", "runtime", "Every message is an envelope with arcp, id, type, session_id and payload."],
    ["MUST", "both", "Unknown top-level fields of an envelope are ignored."],
    [
      "MUST",
      "runtime",
      "A frame that is not an envelope is answered with INVALID_REQUEST and changes nothing else.",
    ],
    ["ours", "runtime", "Another protocol version is refused with INVALID_REQUEST."],
    ["ours", "runtime", "Binary frames are refused with INVALID_REQUEST."],
    [
      "ours",
      "runtime",
      "Frames beyond the size limit are refused with INVALID_REQUEST; the session goes on.",
    ],
    ["ours", "runtime", "Frames that nest too deep are refused with INVALID_REQUEST; the session goes on."],
    [
      "ours",
      "runtime",
      "Unknown message types are refused by name of their request; vendor types are ignored.",
    ],
    ["ours", "both", "Unknown payload fields are kept and ignored; null in an optional field is absence."],
  ]),
  section("6.1", "Authentication", [
    ["MUST", "runtime", "A bearer token in session.hello.payload.auth.token authenticates the session."],
    ["MUST", "runtime", "A wrong token is UNAUTHENTICATED and no session is opened."],
    ["MUST", "runtime", "A missing token or another scheme is UNAUTHENTICATED."],
    ["ours", "runtime", "Nothing but a hello has any effect before the welcome."],
  ]),
  section("6.2", "Hello and welcome", [
    [
      "MUST",
      "runtime",
      "The welcome names session, resume token, window, heartbeat interval and capabilities.",
    ],
    ["MUST", "runtime", "The welcome lists agents with their versions and default."],
    ["MUST", "both", "Only features that both sides named are used; a request beyond them is refused."],
    ["ours", "runtime", "Without `progress` no progress events are sent, and the stream stays gap-free."],
    ["ours", "runtime", "Without `result_chunk` a streamed result is sent inline."],
    ["MUST", "both", "Unknown feature flags are ignored."],
    ["ours", "runtime", "A second hello on a connection is refused."],
    ["ours", "runtime", "An encoding other than json is refused."],
  ]),
  section("6.3", "Resume", [
    ["MUST", "runtime", "The resume token rotates on every welcome; an older one is RESUME_WINDOW_EXPIRED."],
    ["MUST", "runtime", "Events after last_event_seq are replayed, byte for byte as they were first sent."],
    [
      "MUST",
      "runtime",
      "After the replay the live events of running jobs follow, without gap or repetition.",
    ],
    ["MUST", "runtime", "A session whose buffer no longer covers last_event_seq is RESUME_WINDOW_EXPIRED."],
    [
      "ours",
      "runtime",
      "An unknown session or a last_event_seq ahead of the stream is RESUME_WINDOW_EXPIRED.",
    ],
    ["MUST", "runtime", "A token works for its own principal only and a theft does not disturb its owner."],
    ["ours", "runtime", "A resume takes a half-open connection over: the older transport is closed."],
    ["MUST", "runtime", "Jobs run on while nobody is connected, and their ends are replayed."],
    ["ours", "runtime", "The draft's first message session.resume is an alias of hello.resume."],
    ["ours", "runtime", "A client that has seen everything resumes to an empty replay."],
    ["MUST", "runtime", "Cancel authority moves with the resumed session."],
    [
      "ours",
      "runtime",
      "A session is resumed after the runtime's process was replaced, from its persistence.",
    ],
    ["MUST", "runtime", "After the resume window a session cannot be resumed."],
    ["ours", "runtime", "Of two connections that present one token at once, one is welcomed."],
    ["ours", "client", "A client resumes by itself, and its handles see every event once."],
    [
      "ours",
      "client",
      "A client whose session is gone opens a new one and follows its jobs from where it was.",
    ],
    ["ours", "client", "A submission whose answer was lost is repeated under its key and runs once."],
  ]),
  section("6.4", "Heartbeats", [
    ["MUST", "both", "A ping is answered with a pong that carries its nonce."],
    ["SHOULD", "both", "An idle side says ping within an interval."],
    ["MAY", "both", "Silence of two intervals is HEARTBEAT_LOST and closes the transport."],
    ["MUST", "runtime", "Heartbeat loss ends no job; the session stays resumable."],
    ["MUST", "runtime", "Session control messages carry no event_seq."],
    ["MUST", "runtime", "Without `heartbeat` nobody is pinged or given up for silence."],
  ]),
  section("6.5", "Acknowledgement", [
    ["MUST", "runtime", "What is not acknowledged is kept, unless a limit of count or memory forces it out."],
    ["MAY", "runtime", "Acknowledged events are let go early."],
    ["MUST", "runtime", "An acknowledgement is advisory: resume goes by last_event_seq."],
    [
      "ours",
      "runtime",
      "An acknowledgement only raises the mark; one ahead of the stream is INVALID_REQUEST.",
    ],
    ["SHOULD", "client", "Acknowledgements are sent by count or every few hundred milliseconds."],
    [
      "ours",
      "runtime",
      "A reader that stops reading is slowed down, then dropped, and can resume; nothing is lost to it within the window.",
    ],
  ]),
  section("6.6", "Job listing", [
    ["MUST", "runtime", "session.jobs names its request and gives the fields of every job."],
    ["MUST", "runtime", "The filters status, agent and created_after, created_before select jobs."],
    ["MUST", "runtime", "Pages follow one another by cursor, without loss or repetition."],
    ["MUST", "runtime", "Jobs of other principals are not listed."],
    ["ours", "runtime", "A bad limit, date, status or cursor is INVALID_REQUEST."],
    ["MUST", "runtime", "Listing a job does not subscribe to it."],
  ]),
  section("6.7", "Close", [
    ["MUST", "runtime", "session.close is answered with session.closed."],
    ["MUST", "runtime", "Closing a session leaves its jobs running and resumable within the window."],
    ["ours", "runtime", "session.bye closes as well, without an answer."],
    ["ours", "client", "A client closes runtimes that know session.bye only."],
  ]),
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
] as const;

export const REQUIREMENTS: readonly Requirement[] = SECTIONS.flatMap(({ requirements }) => requirements);
