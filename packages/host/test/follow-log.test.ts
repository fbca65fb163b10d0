import { createHost } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { scriptedModel } from "@pawl/testing";
import { expect, it, vi } from "vitest";

it("the events of a turn end at once for whoever has seen its last one (D5)", async () => {
  const host = createHost({ store: memoryStore(), model: scriptedModel(["hello"]) });
  const turn = await host.session("s1").send("hi");
  let last = "";
  for await (const event of turn.events()) last = event.id;
  const never = new AbortController();
  for await (const event of turn.events({ after: last, signal: never.signal }))
    expect.unreachable(event.type);
  await host.stop({ drainMs: 50 });
});

it("whoever leaves the events of a turn lets go of the process, so that a program that is done ends", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  try {
    const host = createHost({ store: memoryStore(), model: scriptedModel(["hello"]) });
    const turn = await host.session("s1").send("hi");
    for await (const event of turn.events()) if (event.type === "turn.committed") break;
    await vi.waitFor(() => expect(vi.getTimerCount()).toBe(0), { timeout: 10_000 });
    await host.stop({ drainMs: 50 });
  } finally {
    vi.useRealTimers();
  }
});
