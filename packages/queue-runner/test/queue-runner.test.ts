import { sessionId } from "@pawl/core";
import type { RunOutcome } from "@pawl/queue-runner";
import { describe, expect, it } from "vitest";
import { submitted } from "./recording-handle.ts";
import { other, POLL, root, setUp, started } from "./runner-scene.ts";

describe("one session at a time (concurrency 1)", () => {
  it("Q1: holds a submitted session in flight until its completion, and then drives it again at once", async () => {
    const { runner, asked, clock } = await started([submitted(root)], { concurrency: 1 });
    runner.pokeSession(root, "process_wake");
    expect(await asked()).toEqual([{ sessionId: root, reason: "process_wake", traceIdle: true }]);
    expect(runner.inFlight.has(root)).toBe(true);

    runner.pokeSession(root, "duplicate");
    expect(await asked()).toEqual([]);

    await clock.advance(440);
    expect(await asked()).toEqual([]);

    runner.completeSession(root, "queued_turn_completed");
    const [resumed] = await asked();
    expect(resumed).toEqual({ sessionId: root, reason: "queued_turn_completed", traceIdle: false });
    expect(runner.inFlight.size).toBe(0);
  });

  it("tells start-up and polls from pokes and completions by reason and traceIdle", async () => {
    const { runner, asked, clock, logger } = setUp([], { concurrency: 1 });
    runner.start();
    expect(await asked()).toEqual([{ reason: "startup", traceIdle: false }]);
    runner.poke("somebody_said");
    expect(await asked()).toEqual([{ reason: "somebody_said", traceIdle: true }]);
    runner.pokeSession(root, "send");
    expect(await asked()).toEqual([{ sessionId: root, reason: "send", traceIdle: true }]);
    expect(logger.messages("debug")).toEqual(Array(2).fill("a poke found nothing to do"));
    await clock.advance(400);
    expect(await asked()).toEqual([{ reason: "poll", traceIdle: false }]);
    runner.completeSession(root, "done");
    expect(await asked()).toEqual([{ sessionId: root, reason: "done", traceIdle: false }]);
    expect(logger.messages("debug")).toHaveLength(2);
  });
});

describe("pokes", () => {
  it("before start and after stop are ignored (Q5)", async () => {
    const { runner, asked, clock } = setUp();
    runner.poke("early");
    expect(await asked()).toEqual([]);
    runner.start();
    await asked();
    await runner.stop();
    runner.poke("late");
    runner.pokeSession(root, "late");
    runner.completeSession(root, "late");
    await clock.advance(10_000);
    expect(await asked()).toEqual([]);
    expect(clock.pending).toEqual([]);
  });

  it("of one session coalesce, and the one that traces counts", async () => {
    const { runner, asked } = await started([], { concurrency: 2 });
    runner.completeSession(other, "completed");
    for (const reason of ["first", "second", "third"]) runner.pokeSession(root, reason);
    runner.pokeSession(other, "already asked for");
    runner.poke("anywhere");
    runner.poke("anywhere again");
    expect((await asked()).map(({ sessionId, reason }) => [sessionId, reason])).toEqual([
      [other, "completed"],
      [root, "first"],
      [undefined, "anywhere"],
    ]);
  });

  it("Q1: during a look-up and during a drive lead to another look when the drive is over", async () => {
    const answer = Promise.withResolvers<RunOutcome>();
    const { runner, asked } = await started([answer.promise]);
    runner.pokeSession(root, "first");
    expect(await asked()).toHaveLength(1);
    runner.pokeSession(root, "during the look");
    answer.resolve(submitted(root));
    expect(await asked()).toEqual([]);
    runner.pokeSession(root, "during the drive");
    expect(await asked()).toEqual([]);
    runner.completeSession(root, "completed");
    expect(await asked()).toEqual([{ sessionId: root, reason: "completed", traceIdle: false }]);
  });

  it("Q1: a session with nothing left is looked at again only when somebody asked for it meanwhile", async () => {
    const { runner, asked } = await started([submitted(root), submitted(root), { type: "idle" }]);
    runner.pokeSession(root, "first");
    expect(await asked()).toHaveLength(1);
    runner.completeSession(root, "completed", { nothingLeft: true });
    expect(await asked()).toEqual([]);
    expect(runner.inFlight.size).toBe(0);
    runner.pokeSession(root, "second");
    expect(await asked()).toHaveLength(1);
    runner.pokeSession(root, "meanwhile");
    runner.completeSession(root, "completed", { nothingLeft: true });
    expect(await asked()).toEqual([{ sessionId: root, reason: "completed", traceIdle: false }]);
  });

  it("for several sessions at once become one look anywhere where there is a place for each", async () => {
    const { runner, asked } = await started([], { concurrency: 4 });
    const three = ["a", "b", "c"].map((id) => sessionId(id));
    for (const id of three) runner.pokeSession(id, "few");
    expect((await asked()).map((look) => look.sessionId)).toEqual(three);
    for (const id of three) runner.pokeSession(id, "burst");
    runner.pokeSession(sessionId("d"), "burst");
    expect(await asked()).toEqual([{ reason: "burst", traceIdle: true, limit: 4 }]);
  });

  it("that were kept for sessions which complete at once become one look anywhere, too", async () => {
    const four = ["a", "b", "c", "d"].map((id) => sessionId(id));
    const { runner, asked } = await started(
      four.map((id) => submitted(id)),
      { concurrency: 8 },
    );
    for (const id of four.slice(0, 3)) runner.pokeSession(id, "send");
    await asked();
    runner.pokeSession(four[3]!, "send");
    await asked();
    expect([...runner.inFlight.keys()]).toEqual(four);
    for (const id of four) runner.pokeSession(id, "hint");
    for (const id of four) runner.completeSession(id, "completed", { nothingLeft: true });
    expect(await asked()).toEqual([{ reason: "completed", traceIdle: false, limit: 8 }]);
  });

  it("Q6: of more sessions than are worth a look each become one look anywhere", async () => {
    const { runner, asked } = await started([], { concurrency: 3 });
    for (let index = 0; index < 5_000; index++) runner.pokeSession(sessionId(`s${index}`), "burst");
    const looks = await asked();
    expect(looks).toHaveLength(65);
    expect(looks.at(-1)).toMatchObject({ reason: "burst", traceIdle: true });
    expect(looks.at(-1)).not.toHaveProperty("sessionId");
  });
});

describe("capacity", () => {
  it("Q2: a long session holds up nobody, and what may be begun at once is asked for in one look", async () => {
    const { runner, asked } = await started([submitted(root), submitted(other)], { concurrency: 3 });
    runner.poke("a");
    const looks = await asked();
    expect(looks).toEqual([{ reason: "a", traceIdle: true, limit: 3 }]);
    runner.pokeSession(other, "b");
    expect(await asked()).toEqual([{ sessionId: other, reason: "b", traceIdle: true }]);
    expect([...runner.inFlight.keys()]).toEqual([root, other]);
    runner.poke("c");
    expect(await asked()).toEqual([{ reason: "c", traceIdle: true }]);
  });

  it("leaves no gap between two claims: a full answer is followed by another look", async () => {
    const ids = ["a", "b", "c", "d"].map((id) => sessionId(id));
    const answers = [submitted(ids[0]!, ids[1]!), { type: "idle" }, submitted(ids[2]!)] as const;
    const { runner, asked } = await started(answers, { concurrency: 2 });
    runner.poke("work");
    expect(await asked()).toHaveLength(1);
    expect(runner.mode).toBe("full");
    runner.completeSession(ids[0]!, "completed");
    // First the session itself, then any other: that look was asked for when the node was full.
    expect(await asked()).toEqual([
      { sessionId: ids[0], reason: "completed", traceIdle: false },
      { reason: "work", traceIdle: false },
    ]);
  });

  it("Q3: polls and pokes that found the node full are looked at when something completes", async () => {
    const { runner, asked, clock } = await started([submitted(root)], { concurrency: 1 });
    runner.pokeSession(root, "send");
    await asked();
    runner.pokeSession(other, "send");
    await clock.advance(2_000);
    expect(await asked()).toEqual([]);
    runner.completeSession(root, "completed");
    expect(await asked()).toEqual([
      { sessionId: root, reason: "completed", traceIdle: false },
      { sessionId: other, reason: "send", traceIdle: true },
      POLL,
    ]);
  });

  it("a session that always has more takes turns with the others", async () => {
    const { runner, asked } = await started(Array(20).fill(submitted(root)), { concurrency: 1 });
    runner.pokeSession(root, "send");
    await asked();
    for (const id of ["a", "b"]) runner.pokeSession(sessionId(id), "send");
    const order = [];
    for (let round = 0; round < 5; round++) {
      runner.completeSession(root, "completed");
      order.push(...(await asked()).map((request) => request.sessionId));
    }
    expect(order).toEqual(["root", "a", "root", "b", "root"]);
  });

  it("counts a completion that is heard before the answer that said submitted", async () => {
    const early = () => {
      runner.completeSession(root, "early");
      return submitted(root);
    };
    const { runner, asked } = await started([early], { concurrency: 1 });
    runner.pokeSession(root, "send");
    expect((await asked()).map(({ reason }) => reason)).toEqual(["send", "early"]);
    expect(runner.inFlight.size).toBe(0);
    expect(runner.mode).toBe("claiming");
  });

  it("counts twice a session that was claimed again before its first completion was heard", async () => {
    const { runner, asked } = await started([submitted(root), submitted(root)], { concurrency: 3 });
    runner.poke("one");
    await asked();
    runner.poke("two");
    await asked();
    runner.completeSession(root, "first");
    expect(await asked()).toEqual([]);
    expect(runner.inFlight.has(root)).toBe(true);
    runner.completeSession(root, "second");
    expect(await asked()).toHaveLength(1);
    expect(runner.inFlight.size).toBe(0);
  });
});

describe("pause, resume and stop", () => {
  it("begins nothing while paused, and keeps what was asked for", async () => {
    const { runner, asked, clock } = await started();
    runner.pause();
    runner.pokeSession(root, "send");
    await clock.advance(2_000);
    expect(await asked()).toEqual([]);
    expect(runner.mode).toBe("paused");
    runner.resume();
    expect(await asked()).toMatchObject([
      { sessionId: root, reason: "send" },
      { reason: "poll", traceIdle: false },
    ]);
  });

  it("stop waits for what is in flight, for as long as it is told", async () => {
    const { runner, asked, clock } = await started([submitted(root), submitted(other)]);
    runner.pokeSession(root, "send");
    await asked();
    let stopped = false;
    const stopping = runner.stop({ drainMs: 5_000 }).then(() => {
      stopped = true;
    });
    await clock.advance(4_999);
    expect(stopped).toBe(false);
    runner.completeSession(root, "completed");
    await stopping;
    expect(await asked()).toEqual([]);
    expect(clock.pending).toEqual([]);

    const slow = await started([submitted(root)]);
    slow.runner.pokeSession(root, "send");
    await slow.asked();
    const ending = slow.runner.stop({ drainMs: 100 });
    await slow.clock.advance(100);
    await ending;
    expect(slow.runner.inFlight.has(root)).toBe(true);
  });

  it("settled resolves when nothing waits to be looked at, also when the node is full or has to back off first", async () => {
    const { runner, clock } = await started([new Error("down"), submitted(root)], { concurrency: 1 });
    runner.pokeSession(root, "send");
    let settled = false;
    const waiting = runner.settled().then(() => {
      settled = true;
    });
    await clock.advance(50);
    expect(settled).toBe(false);
    await clock.advance(50);
    await waiting;
    expect(runner.mode).toBe("full");
    await runner.settled();
  });
});
