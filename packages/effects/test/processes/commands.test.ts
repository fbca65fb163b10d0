import { type ProcessRegistration, processId, sessionId } from "@pawl/core";
import type { Processes } from "@pawl/core/ports";
import { processExecutor } from "@pawl/effects";
import { describe, expect, it, vi } from "vitest";
import { envelopeOf } from "../support/effect-under-test.ts";
import { createWorld } from "./support.ts";

const P1 = processId("p1");
const [S1, S2] = [sessionId("s1"), sessionId("s2")];
const registration: ProcessRegistration = {
  processId: P1,
  name: "import",
  input: null,
  disposition: "external",
  signals: [
    {
      name: "rate",
      schema: { type: "object", properties: { perSecond: { type: "integer" } }, required: ["perSecond"] },
    },
  ],
  wake: null,
};
const start = { operation: "start", registration, grantTo: [S1] } as const;

describe("commands to background tasks", () => {
  it("start registers and grants in one, and the same key again changes nothing", async () => {
    const { commands, types } = createWorld();
    const first = await commands.run(start, { key: "k" });
    expect(first).toMatchObject({ record: { status: "registered", grants: [S1] } });
    expect(await commands.run(start, { key: "k" })).toEqual(first);
    expect(await types(P1)).toEqual(["registered", "grant_added"]);
    const other = { ...start, registration: { ...registration, input: 1 } };
    await expect(commands.run(other, { key: "k" })).rejects.toMatchObject({ code: "store_conflict" });
    await expect(commands.run(other, { key: "k2" })).rejects.toMatchObject({ code: "store_conflict" });
  });

  it("list says what a session sees; transfer moves the sight, all known or none", async () => {
    const { commands } = createWorld();
    await commands.run(start, { key: "k" });
    const list = (id: typeof S1, mode: "live" | "all") =>
      commands.run({ operation: "list", sessionId: id, mode }, { key: "l" });
    expect(await list(S1, "live")).toMatchObject({ records: [{ registration: { processId: P1 } }] });
    const transfer = { operation: "transfer", from: S1, to: S2 } as const;
    const ghost = { ...transfer, processIds: [P1, processId("ghost")] };
    await expect(commands.run(ghost, { key: "t0" })).rejects.toMatchObject({ code: "process_unknown" });
    expect(await list(S1, "live")).toMatchObject({ records: [{}] });
    const moving = { ...transfer, processIds: [P1] };
    for (let times = 0; times < 2; times++) {
      expect(await commands.run(moving, { key: "t" })).toEqual({ operation: "transfer", moved: [P1] });
    }
    expect(await commands.run(moving, { key: "t2" })).toEqual({ operation: "transfer", moved: [] });
    expect(await list(S1, "all")).toMatchObject({ records: [] });
    expect(await list(S2, "all")).toMatchObject({ records: [{}] });
  });

  it("deleting a session takes its sight and cancels nothing", async () => {
    const { commands, processes } = createWorld();
    await commands.run(start, { key: "k" });
    const both = {
      ...start,
      registration: { ...registration, processId: processId("p2") },
      grantTo: [S1, S2],
    };
    await commands.run(both, { key: "k" });
    expect(await commands.run({ operation: "delete_session", sessionId: S1 }, { key: "d" })).toEqual({
      operation: "delete_session",
      report: { revoked: [P1, "p2"], unseen: [P1] },
    });
    expect(await processes.load(P1)).toMatchObject({ end: null, cancel: null, grants: [] });
  });

  it("cancel appends the request once and returns the record", async () => {
    const { commands, types } = createWorld();
    await commands.run(start, { key: "k" });
    const cancel = { operation: "cancel", processId: P1, origin: "ana", reason: "late" } as const;
    for (const key of ["c", "c", "c2"]) {
      expect(await commands.run(cancel, { key })).toMatchObject({ record: { cancel: { origin: "ana" } } });
    }
    expect(await types(P1)).toEqual(["registered", "grant_added", "cancel_requested"]);
    const unknown = { ...cancel, processId: processId("ghost") };
    await expect(commands.run(unknown, { key: "c" })).rejects.toMatchObject({ code: "process_unknown" });
  });

  it("signals are checked against their declaration and counted from 1", async () => {
    const { commands, types } = createWorld();
    await commands.run(start, { key: "k" });
    const signal = (name: string, payload: unknown) =>
      ({ operation: "signal", processId: P1, name, payload: payload as never }) as const;
    const told = await commands.run(signal("rate", { perSecond: 3 }), { key: "a" });
    expect(told).toMatchObject({ event: { seq: 3, body: { ordinal: 1, payload: { perSecond: 3 } } } });
    expect(await commands.run(signal("rate", { perSecond: 3 }), { key: "a" })).toEqual(told);
    expect(await commands.run(signal("rate", { perSecond: 4 }), { key: "b" })).toMatchObject({
      event: { body: { ordinal: 2 } },
    });
    for (const [name, payload] of [
      ["rate", { perSecond: "3" }],
      ["rate", {}],
      ["rate", null],
      ["stop", {}],
    ] as const) {
      await expect(commands.run(signal(name, payload), { key: `bad ${name}` })).rejects.toMatchObject({
        code: "process_signal_invalid",
      });
    }
    expect(await types(P1)).toHaveLength(4);
  });

  it("a declared schema that cannot be checked refuses the signal and says so", async () => {
    const { commands } = createWorld();
    const signals = [{ name: "rate", schema: { type: "no such type" } }];
    await commands.run({ ...start, registration: { ...registration, signals } }, { key: "k" });
    const signal = { operation: "signal", processId: P1, name: "rate", payload: 1 } as const;
    await expect(commands.run(signal, { key: "s" })).rejects.toMatchObject({
      code: "process_signal_invalid",
      message: expect.stringContaining("cannot be checked"),
    });
  });

  it("await resolves with the end, by a hint or by the poll, and stops with its signal", async () => {
    const { commands, clock, processes } = createWorld();
    await commands.run(start, { key: "k" });
    const wait = (options = {}) =>
      commands.run({ operation: "await", processId: P1 }, { key: "w", ...options });
    const stop = new AbortController();
    const stopped = wait({ signal: stop.signal });
    stop.abort();
    await expect(stopped).rejects.toMatchObject({ code: "process_await_stopped" });
    expect(clock.pending).toHaveLength(0);

    const waiting = wait();
    await vi.waitFor(() => expect(clock.pending).toHaveLength(1), { timeout: 10_000 });
    const end = { type: "completed", output: { rows: 3 } } as const;
    await processes.append({ processId: P1, key: "end", bodies: [end] });
    expect(await waiting).toEqual({ operation: "await", end });
    expect(await wait()).toEqual({ operation: "await", end });
    expect(clock.pending).toHaveLength(0);
    const ghost = commands.run({ operation: "await", processId: processId("ghost") }, { key: "w" });
    await expect(ghost).rejects.toMatchObject({ code: "process_unknown" });
  });

  it("finds the end by its poll when no hint comes", async () => {
    const { clock, processes, store } = createWorld();
    const { awaitProcessEnd } = await import("@pawl/effects/processes");
    const asked: unknown[] = [];
    const load: Processes["load"] = (id, options) => {
      asked.push(options);
      return store.processes.load(id, options);
    };
    const deaf = { ...store.processes, load, onChange: () => () => {} };
    await processes.append({ processId: P1, key: "k", bodies: [{ type: "registered", registration }] });
    const waiting = awaitProcessEnd(deaf, P1, { clock });
    await vi.waitFor(() => expect(clock.pending).toHaveLength(1), { timeout: 10_000 });
    await processes.append({ processId: P1, key: "end", bodies: [{ type: "completed", output: 1 }] });
    await clock.advance(100);
    expect(await waiting).toEqual({ type: "completed", output: 1 });
    // An owner elsewhere tells of the end where somebody has asked for it.
    expect(asked).toEqual([{ watch: true }, { watch: true }]);
  });

  it("through the executor, a refusal is an outcome and the key is the replay key", async () => {
    const { commands, processes } = createWorld();
    const execute = processExecutor(commands);
    const context = { signal: AbortSignal.abort() };
    const envelope = envelopeOf({ kind: "process", command: start });
    const first = await execute(envelope, context);
    expect(first.result).toMatchObject({ ok: true, value: { operation: "start" } });
    expect(await execute(envelope, context)).toEqual(first);
    expect((await processes.load(P1))?.head).toBe(2);
    const cancel = { operation: "cancel", processId: processId("ghost"), origin: "turn" } as const;
    expect(await execute(envelopeOf({ kind: "process", command: cancel }), context)).toMatchObject({
      result: { ok: false, error: { code: "process_unknown" } },
    });
  });
});
