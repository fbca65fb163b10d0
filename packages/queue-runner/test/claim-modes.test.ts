import { type ClaimFacts, claimMode } from "@pawl/queue-runner";
import { expect, it } from "vitest";

const FREE: ClaimFacts = { running: true, paused: false, backingOff: false, inFlight: 0, concurrency: 1 };

it.each<[Partial<ClaimFacts>, ReturnType<typeof claimMode>]>([
  [{}, "claiming"],
  [{ inFlight: 1 }, "full"],
  [{ inFlight: 2 }, "full"],
  [{ backingOff: true }, "backing_off"],
  [{ backingOff: true, inFlight: 1 }, "backing_off"],
  [{ paused: true, backingOff: true, inFlight: 1 }, "paused"],
  [{ running: false, paused: true, backingOff: true, inFlight: 1 }, "stopped"],
  [{ running: false }, "stopped"],
])("%j is %s", (facts, mode) => {
  expect(claimMode({ ...FREE, ...facts })).toBe(mode);
});
