import { describe, expect, test } from "vitest";
import {
  acceptsInputs,
  checkInputTransition,
  drivesTurns,
  INPUT_TRANSITIONS,
  type InputState,
  isPawlError,
  isTerminalInput,
  RUNTIME_TRANSITIONS,
  type RuntimeState,
} from "../../src/index.ts";

function reachable<S extends string>(table: { readonly [F in S]: readonly S[] }, from: S): Set<S> {
  const seen = new Set<S>([from]);
  for (const state of seen) for (const next of table[state]) seen.add(next);
  return seen;
}

describe("the life of an input", () => {
  const states = Object.keys(INPUT_TRANSITIONS) as InputState[];

  test.each(states)("from %s a terminal can be reached, and never a loop without end", (state) => {
    expect([...reachable(INPUT_TRANSITIONS, state)].some(isTerminalInput)).toBe(true);
  });

  test("terminals admit nothing", () => {
    expect(states.filter(isTerminalInput)).toEqual(["consumed", "superseded", "coalesced", "abandoned"]);
  });

  test("what was applied never goes back to the queue: its side effects have happened", () => {
    for (const applied of ["applied", "applied_pending_consumption"] as const) {
      const later = reachable(INPUT_TRANSITIONS, applied);
      for (const before of ["accepted", "queued", "staged"] as const) expect(later).not.toContain(before);
    }
  });

  test("only what a run took in goes back to the queue", () => {
    expect(states.filter((from) => INPUT_TRANSITIONS[from].includes("queued"))).toEqual([
      "accepted",
      "staged",
    ]);
  });

  test.each(states.flatMap((from) => states.map((to) => [from, to] as const)))("%s to %s", (from, to) => {
    let code = "legal";
    try {
      checkInputTransition(from, to);
    } catch (error) {
      code = isPawlError(error) ? error.code : "not ours";
    }
    expect(code).toBe(INPUT_TRANSITIONS[from].includes(to) ? "legal" : "input_transition_illegal");
  });
});

describe("the runtime state of a session", () => {
  const states = Object.keys(RUNTIME_TRANSITIONS) as RuntimeState[];

  test.each(states)("%s can be destroyed, and nothing comes back from that", (state) => {
    expect(reachable(RUNTIME_TRANSITIONS, state)).toContain("destroyed");
    expect(RUNTIME_TRANSITIONS.destroyed).toEqual([]);
  });

  test("a stopped session never runs again; a retired one drains and takes nothing new", () => {
    expect(reachable(RUNTIME_TRANSITIONS, "stopped")).not.toContain("running");
    expect(states.filter(acceptsInputs)).toEqual(["initializing", "idle", "running", "recovering"]);
    expect(states.filter(drivesTurns)).toEqual(["initializing", "idle", "running", "recovering", "retired"]);
    expect(RUNTIME_TRANSITIONS.retired).toContain("running");
  });
});
