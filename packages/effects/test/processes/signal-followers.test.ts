import { expect, test } from "vitest";
import { SignalFollowers } from "../../src/processes/signal-followers.ts";

test("whoever follows is aborted with the reason of the first signal that is, and only while it follows", () => {
  const followers = new SignalFollowers();
  const [lost, stopping] = [new AbortController(), new AbortController()];
  const [stays, leaves, late] = [new AbortController(), new AbortController(), new AbortController()];
  followers.follow([lost.signal, stopping.signal], stays);
  const leave = followers.follow([lost.signal, stopping.signal], leaves);
  leave();
  stopping.abort("stopping");
  lost.abort("lost");
  expect(stays.signal.reason).toBe("stopping");
  expect(leaves.signal.aborted).toBe(false);
  followers.follow([new AbortController().signal, lost.signal, stopping.signal], late);
  expect(late.signal.reason).toBe("lost");
});

test("one listener serves all that follow a signal", () => {
  const followers = new SignalFollowers();
  const lost = new AbortController();
  let listeners = 0;
  const add = lost.signal.addEventListener.bind(lost.signal);
  lost.signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners += 1;
    add(...args);
  };
  const all = Array.from({ length: 20 }, () => new AbortController());
  for (const one of all) followers.follow([lost.signal], one);
  lost.abort("lost");
  expect(listeners).toBe(1);
  expect(all.every(({ signal }) => signal.reason === "lost")).toBe(true);
});
