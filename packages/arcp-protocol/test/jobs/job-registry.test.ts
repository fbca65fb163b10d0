import { expect, test } from "vitest";
import type { JobEntry } from "../../src/jobs/job-entry.ts";
import { parseJobQuery } from "../../src/jobs/job-query.ts";
import { JobRegistry } from "../../src/jobs/job-registry.ts";
import {
  isTerminal,
  JOB_STATES,
  JOB_TRANSITIONS,
  type JobState,
  transition,
  wireStatus,
} from "../../src/jobs/job-state.ts";

let count = 0;

function makeEntry(state: JobState, more: Partial<JobEntry> = {}): JobEntry {
  count += 1;
  return {
    jobId: `job_${count}`,
    sessionId: "sess_1",
    correlationId: `msg_${count}`,
    cancel: new AbortController(),
    state,
    agent: "test-tool@1.0.0",
    createdAt: count,
    lastEventSeq: 0,
    credentialIds: ["cred_1"],
    lease: { "tool.call": ["*"] },
    ...more,
  };
}

const everything = parseJobQuery({});

test("job_state_terminals_are_classified_correctly", () => {
  for (const state of ["completed", "failed", "cancelled", "timed_out"] as const)
    expect(isTerminal(state)).toBe(true);
  for (const state of ["accepted", "queued", "running", "blocked", "paused"] as const) {
    expect(isTerminal(state)).toBe(false);
  }
});

test("registry_insert_and_set_state_round_trip", () => {
  const registry = new JobRegistry();
  expect(registry.isEmpty).toBe(true);
  const entry = makeEntry("accepted");
  registry.insert(entry);
  expect(registry.len).toBe(1);
  expect(registry.isEmpty).toBe(false);
  expect(registry.setState(entry.jobId, "running")).toEqual({ ok: true, state: "running" });
  expect(registry.snapshot(entry.jobId)?.state).toBe("running");
});

test("cancel_returns_false_for_unknown_job", () => {
  expect(new JobRegistry().cancel("job_unknown")).toBe(false);
});

test("cancel_triggers_token_for_known_job", () => {
  const registry = new JobRegistry();
  const entry = makeEntry("running");
  registry.insert(entry);
  expect(registry.cancel(entry.jobId, "why")).toBe(true);
  expect(entry.cancel.signal.aborted).toBe(true);
  expect(entry.cancel.signal.reason).toBe("why");
});

test("sweep_terminals_drops_only_terminal_jobs", () => {
  const registry = new JobRegistry();
  const running = makeEntry("running");
  const done = makeEntry("completed");
  registry.insert(running);
  registry.insert(done);
  expect(registry.sweepTerminals()).toEqual([done.jobId]);
  expect(registry.len).toBe(1);
  expect(registry.sweepTerminals()).toEqual([]);
  expect(registry.len).toBe(1);
  expect(registry.cancel(running.jobId)).toBe(true);
  expect(registry.cancel(done.jobId)).toBe(false);
});

test("P1, P2: an illegal move is refused and changes nothing, for every pair of states", () => {
  for (const from of JOB_STATES) {
    for (const to of JOB_STATES) {
      const legal = JOB_TRANSITIONS[from].includes(to);
      const moved = transition(from, to);
      expect(moved.ok).toBe(legal);
      expect(moved.state).toBe(legal ? to : from);
      const registry = new JobRegistry();
      const entry = makeEntry(from);
      registry.insert(entry);
      registry.setState(entry.jobId, to);
      expect(entry.state).toBe(legal ? to : from);
    }
    expect(transition(from, from).ok).toBe(false);
  }
});

test("P3: the wire sees only moves that it allows", () => {
  const legal: Record<string, string[]> = {
    pending: ["pending", "running", "error", "cancelled", "timed_out"],
    running: ["running", "success", "error", "cancelled", "timed_out"],
  };
  for (const from of JOB_STATES) {
    for (const to of JOB_TRANSITIONS[from]) expect(legal[wireStatus(from)]).toContain(wireStatus(to));
  }
});

test("P4: the hard stop is called once it is asked for, and only then", () => {
  const registry = new JobRegistry();
  const entry = makeEntry("running");
  let stops = 0;
  registry.insert(entry, () => {
    stops += 1;
  });
  registry.cancel(entry.jobId);
  expect(stops).toBe(0);
  expect(registry.stop(entry.jobId)).toBe(true);
  expect(stops).toBe(1);
  expect(registry.stop("job_unknown")).toBe(false);
});

test("P5: bump gives the new mark, record only raises", () => {
  const registry = new JobRegistry();
  const entry = makeEntry("running");
  registry.insert(entry);
  expect(registry.bumpEventSeq(entry.jobId)).toBe(1);
  expect(registry.bumpEventSeq(entry.jobId)).toBe(2);
  expect(registry.bumpEventSeq("job_unknown")).toBeUndefined();
  registry.recordEventSeq(entry.jobId, 9);
  registry.recordEventSeq(entry.jobId, 4);
  registry.recordEventSeq("job_unknown", 4);
  expect(registry.snapshot(entry.jobId)?.lastEventSeq).toBe(9);
});

test("P6: cancelling a parent cancels live descendants; ended ones and strangers are left alone", () => {
  const registry = new JobRegistry();
  const parent = makeEntry("running");
  const child = makeEntry("running", { parentJobId: parent.jobId });
  const grandchild = makeEntry("blocked", { parentJobId: child.jobId });
  const ended = makeEntry("completed", { parentJobId: parent.jobId });
  const stranger = makeEntry("running");
  for (const entry of [parent, child, grandchild, ended, stranger]) registry.insert(entry);
  registry.cancel(parent.jobId);
  expect([parent, child, grandchild, ended, stranger].map(({ cancel }) => cancel.signal.aborted)).toEqual([
    true,
    true,
    true,
    false,
    false,
  ]);
});

test("a snapshot leaves out correlation, cancel, credentials and lease", () => {
  const registry = new JobRegistry();
  const entry = makeEntry("blocked", { parentJobId: "job_p" });
  registry.insert(entry);
  expect(registry.snapshot(entry.jobId)).toEqual({
    jobId: entry.jobId,
    sessionId: "sess_1",
    state: "blocked",
    status: "running",
    agent: "test-tool@1.0.0",
    createdAt: entry.createdAt,
    parentJobId: "job_p",
    lastEventSeq: 0,
  });
  expect(registry.snapshot("job_unknown")).toBeUndefined();
});

test("ids are single-use", () => {
  const registry = new JobRegistry();
  const entry = makeEntry("running");
  registry.insert(entry);
  expect(() => registry.insert(entry)).toThrowError(expect.objectContaining({ code: "duplicate_job" }));
});

test("list filters by status, agent and exclusive times, orders by creation then id, and pages stably", () => {
  const registry = new JobRegistry();
  const at = Date.parse("2026-01-01T00:00:00.000Z");
  registry.insert(makeEntry("running", { jobId: "b", createdAt: at + 10, agent: "x@1" }));
  registry.insert(makeEntry("completed", { jobId: "a", createdAt: at + 10, agent: "x@2" }));
  registry.insert(makeEntry("queued", { jobId: "c", createdAt: at, agent: "y@1" }));
  registry.insert(
    makeEntry("running", { jobId: "d", createdAt: at + 20, agent: "x@1", sessionId: "sess_2" }),
  );
  const ids = (payload: Parameters<typeof parseJobQuery>[0]) =>
    registry
      .list(parseJobQuery(payload), ({ sessionId }) => sessionId === "sess_1")
      .jobs.map(({ jobId }) => jobId);
  expect(ids({})).toEqual(["c", "a", "b"]);
  expect(ids({ filter: { status: ["pending", "success"] } })).toEqual(["c", "a"]);
  expect(ids({ filter: { agent: "x" } })).toEqual(["a", "b"]);
  expect(ids({ filter: { agent: "x@2" } })).toEqual(["a"]);
  expect(ids({ filter: { created_after: "2026-01-01T00:00:00.000Z" } })).toEqual(["a", "b"]);
  expect(ids({ filter: { created_before: "2026-01-01T00:00:00.010Z" } })).toEqual(["c"]);
  const first = registry.list({ ...everything, limit: 2 }, () => true);
  expect(first.jobs.map(({ jobId }) => jobId)).toEqual(["c", "a"]);
  registry.insert(makeEntry("running", { jobId: "A", createdAt: at - 5 }));
  const second = registry.list(parseJobQuery({ limit: 2, cursor: first.nextCursor }), () => true);
  expect(second.jobs.map(({ jobId }) => jobId)).toEqual(["b", "d"]);
  expect(second.nextCursor).toBeNull();
});
