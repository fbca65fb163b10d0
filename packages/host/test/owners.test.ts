// Whose a session is, over one store: what belongs to somebody else is unknown, exactly as what never was.
import { executionScope, isPawlError, sessionId, tool } from "@pawl/core";
import { backgroundTask, type Host, type HostView, type TurnResult } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { scriptedModel } from "@pawl/testing";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { testHost } from "./test-host.ts";

function hostOf(...script: Parameters<typeof scriptedModel>[0]): Host {
  const refund = tool({
    description: "Refunds",
    input: z.object({ cents: z.number() }),
    execute: ({ cents }) => ({ refunded: cents }),
  });
  return testHost({
    store: memoryStore(),
    model: scriptedModel(script),
    tools: { refund },
    approvals: { refund: () => true },
    tasks: [waiting],
  });
}

const waiting = backgroundTask({
  name: "waiting",
  input: z.object({}),
  signals: { go: z.object({}) },
  run: async (_, context) => {
    await context.signals.next("go");
    return {};
  },
});

const views = (host: Host) => ({
  alice: host.as({ principal: "alice" }),
  bob: host.as({ principal: "bob" }),
});

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => ({ resolvedTo: value }),
    (error: unknown) => (isPawlError(error) ? `${error.code}: ${error.message}` : error),
  );
}

const waitOf = (result: TurnResult) => (result.status === "waiting" ? result.waits[0]!.id : "none");

describe("the host as one principal sees it", () => {
  it("two principals use one name and have two sessions", async () => {
    const host = hostOf("for alice", "for bob");
    const { alice, bob } = views(host);
    const mine = await alice.session("s1").send("a", { idempotencyKey: "k" });
    expect(await mine.result()).toMatchObject({ status: "completed", text: "for alice", sessionId: "s1" });
    const theirs = await bob.session("s1").send("b", { idempotencyKey: "k" });
    expect(await theirs.result()).toMatchObject({ status: "completed", text: "for bob", sessionId: "s1" });
    expect(theirs.id).not.toBe(mine.id);

    expect(alice.session("s1").id).toBe("s1");
    expect((await alice.sessions()).map((one) => one.sessionId)).toEqual(["s1"]);
    expect((await alice.session("s1").record())?.sessionId).toBe("s1");
    expect((await alice.session("s1").transcript()).length).toBe(2);
    expect(await alice.session("s1").verify()).toMatchObject({ intact: true, sessionId: "s1", receipts: 1 });
    // Whoever runs the host sees both, by whole ids, and neither under the bare name.
    expect((await host.sessions()).map((one) => one.sessionId)).toEqual(["@bob/s1", "@alice/s1"]);
    expect(await host.session("s1").record()).toBe(null);
    expect((await host.turn(mine.id).result()).sessionId).toBe("@alice/s1");
  });

  it("a tenant's alice is another alice", async () => {
    const host = hostOf("x");
    const acme = host.as({ principal: "alice", tenant: "acme" });
    const turn = await acme.session("s1").send("a");
    await turn.result();
    expect(await views(host).alice.sessions()).toEqual([]);
    expect((await acme.sessions()).length).toBe(1);
    expect((await host.sessions())[0]?.sessionId).toBe("@acme:alice/s1");
  });

  it("a session of nobody is there for whoever runs the host alone", async () => {
    const host = hostOf("x");
    const turn = await host.session("s1").send("a");
    await turn.result();
    const { alice } = views(host);
    expect(await alice.sessions()).toEqual([]);
    expect(await alice.session("s1").record()).toBe(null);
    expect(await codeOf(alice.turn(turn.id).result())).toMatch(/^turn_unknown/);
  });

  it("every verb of a turn of somebody else answers as for one that never was", async () => {
    const host = hostOf({ tools: [{ name: "refund", input: { cents: 5 } }] }, "done");
    const { alice, bob } = views(host);
    const turn = await alice.session("s1").send("a");
    expect((await turn.result()).status).toBe("waiting");
    const verbs: Record<string, (view: HostView, id: string) => Promise<unknown>> = {
      result: (view, id) => view.turn(id).result(),
      input: (view, id) => view.turn(id).input(),
      cancel: (view, id) => view.turn(id).cancel(),
      explain: (view, id) => view.turn(id).explain(),
      record: (view, id) => view.turn(id).record(),
      replay: (view, id) => view.turn(id).replay(),
      fork: (view, id) => view.turn(id).fork({ at: 0 }),
      effects: (view, id) => view.turn(id).effects(),
      events: async (view, id) => {
        for await (const event of view.turn(id).events()) return event;
        return undefined;
      },
    };
    // A verb that is added later is checked, or this fails.
    expect(Object.keys(verbs).sort()).toEqual(
      Object.keys(turn)
        .filter((name) => name !== "id")
        .sort(),
    );
    for (const [name, verb] of Object.entries(verbs)) {
      const foreign = await codeOf(verb(bob, turn.id));
      const unknown = await codeOf(verb(bob, "turn_never"));
      expect(foreign, name).toMatch(/^turn_unknown/);
      expect(String(foreign).replace(turn.id, "ID"), name).toBe(String(unknown).replace("turn_never", "ID"));
    }
    expect(await turn.explain()).toMatchObject({ state: "waiting" });
  });

  it("waits are listed for, answered by and signed for their owner alone", async () => {
    const host = hostOf({ tools: [{ name: "refund", input: { cents: 5 } }] }, "done");
    const { alice, bob } = views(host);
    const turn = await alice.session("s1").send("a");
    const id = waitOf(await turn.result());
    expect(await bob.waits.list()).toEqual([]);
    expect(await bob.waits.list({ sessionId: "s1" })).toEqual([]);
    expect(await bob.waits.list({ sessionId: "@alice/s1" })).toEqual([]);
    const approve = { decision: "approve" } as const;
    expect(await bob.waits.answer(id, approve, { by: "bob" })).toEqual({ status: "unknown_or_revoked" });
    expect(await bob.waits.answer("0".repeat(64), approve, { by: "bob" })).toEqual({
      status: "unknown_or_revoked",
    });
    expect(await codeOf(bob.waits.key(id))).toMatch(/^wait_unknown/);

    expect(await alice.waits.list()).toMatchObject([{ id, sessionId: "s1", turnId: turn.id }]);
    expect(await alice.waits.list({ sessionId: "s1" })).toHaveLength(1);
    expect(await host.waits.list()).toMatchObject([{ id, sessionId: "@alice/s1" }]);
    expect(await alice.waits.answer(id, approve, { by: "alice" })).toEqual({ status: "accepted" });
    expect(await turn.result()).toMatchObject({ status: "completed" });
  });

  it("a wait of no session is nobody's but the host's", async () => {
    const store = memoryStore();
    const host = testHost({ store, model: scriptedModel([]) });
    await store.open();
    const scope = executionScope.runtimeOperation("op");
    const wait = { type: "custom", namespace: "x", name: "y" } as never;
    const row = { keyId: "k", scope, wait, sessionId: null, turnId: null, dueAt: null, info: {} };
    await store.awaits.register(row);
    expect(await host.waits.list()).toHaveLength(1);
    expect(await views(host).alice.waits.list()).toEqual([]);
  });

  it("a fork stays with its owner", async () => {
    const host = hostOf("one", "two");
    const { alice, bob } = views(host);
    const turn = await alice.session("s1").send("a");
    await turn.result();
    const fork = await alice.turn(turn.id).fork({ at: 0, sessionId: "other" });
    expect(fork.sessionId).toBe("other");
    expect(await fork.result()).toMatchObject({ status: "completed", sessionId: "other" });
    expect(await codeOf(alice.turn(turn.id).fork({ at: 0, sessionId: "other" }))).toMatch(/"other" already/);
    expect(await bob.sessions()).toEqual([]);
    expect((await alice.sessions()).map((one) => one.sessionId)).toEqual(["other", "s1"]);
  });

  it("background tasks are seen, signalled and ended by who sees their sessions", async () => {
    const host = hostOf();
    const { alice, bob } = views(host);
    const task = await alice.tasks.start(waiting, {}, { session: "s1", idempotencyKey: "k" });
    expect(task.sessions).toEqual(["s1"]);
    const theirs = await bob.tasks.start(waiting, {}, { session: "s1", idempotencyKey: "k" });
    expect(theirs.id).not.toBe(task.id);
    const verbs: Record<string, (id: string) => Promise<unknown>> = {
      signal: (id) => bob.tasks.signal(id, "go", {}),
      result: (id) => bob.tasks.result(id),
      cancel: (id) => bob.tasks.cancel(id),
    };
    for (const [name, verb] of Object.entries(verbs)) {
      const foreign = String(await codeOf(verb(task.id)));
      expect(foreign, name).toMatch(/^process_unknown/);
      expect(foreign.replace(task.id, "ID"), name).toBe(
        String(await codeOf(verb("task_x"))).replace("task_x", "ID"),
      );
    }
    expect((await bob.tasks.list("s1")).map((one) => one.id)).toEqual([theirs.id]);
    expect(await codeOf(bob.tasks.start(waiting, {}))).toMatch(/^task_session_missing/);
    await alice.tasks.signal(task.id, "go", {});
    expect(await alice.tasks.result(task.id)).toMatchObject({ status: "completed" });
  });

  it("no name reaches out", async () => {
    const host = hostOf("one");
    const { alice, bob } = views(host);
    await (await alice.session("s1").send("a")).result();
    for (const name of ["@alice/s1", "../alice/s1", "alice/s1"]) {
      expect(await bob.session(name).record(), name).toBe(null);
      expect(bob.session(name).id).toBe(sessionId(name));
    }
    expect(() => host.as({ principal: " " })).toThrow(expect.objectContaining({ code: "invalid_principal" }));
  });
});
