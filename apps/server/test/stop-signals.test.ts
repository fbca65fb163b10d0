import { EventEmitter } from "node:events";
import { expect, it, vi } from "vitest";
import { onStopSignals } from "../src/stop-signals.ts";

it("takes a signal that a launcher passes on once more for one wish, and a later one for another", () => {
  const emitter = new EventEmitter();
  let time = 0;
  const first = vi.fn();
  const again = vi.fn();
  const signals = onStopSignals(first, again, { emitter, now: () => time });
  emitter.emit("SIGINT", "SIGINT");
  time = 100;
  emitter.emit("SIGINT", "SIGINT");
  expect([first.mock.calls, again.mock.calls]).toEqual([[["SIGINT"]], []]);
  time = 1_000;
  emitter.emit("SIGTERM", "SIGTERM");
  expect([first.mock.calls.length, again.mock.calls]).toEqual([1, [["SIGTERM"]]]);
  signals.off();
  emitter.emit("SIGINT", "SIGINT");
  expect(again).toHaveBeenCalledTimes(1);
});
