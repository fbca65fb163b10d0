import { inputId, jobId, jobSessionId, nodeId, processId, sessionId, turnId } from "@pawl/core";
import type { Store } from "@pawl/core/ports";
import { newInputState } from "../chapters/input-states.ts";
import { newAwaitEvent, newInput, newProcess } from "../fixtures.ts";
import type { Held } from "../held.ts";
import { chapter } from "../store-case.ts";

const S1 = sessionId("s1");
const P1 = processId("p1");
const J1 = jobId("j1");
const JS = jobSessionId("js");
const TURN = turnId("turn_s1");

/** Every verb of every port that returns a promise. */
function verbs(store: Store, held: Held): Record<string, () => Promise<unknown>> {
  const { sessions, log, inbox, leases, awaits, processes, jobs, outbox, attachments, secrets, tokens } =
    store;
  const { retention } = store;
  const by = { name: "o", via: "host" } as const;
  const { fence } = held;
  return {
    "sessions.load": () => sessions.load(S1),
    "sessions.list": () => sessions.list({ limit: 1 }),
    "sessions.loadSessionSnapshot": () => sessions.loadSessionSnapshot(S1),
    "sessions.loadRuntimeState": () => sessions.loadRuntimeState(S1),
    "sessions.persistRuntimeState": () => sessions.persistRuntimeState(S1, "retired"),
    "sessions.commitLifecycle": () => sessions.commitLifecycle(S1, "retired"),
    "sessions.counts": () => sessions.counts(),
    "sessions.transcript": () => sessions.transcript(S1),
    "sessions.beginTurn": async () => sessions.beginTurn(fence, await held.newTurn(["in_2"])),
    "leases.backlog": () => leases.backlog(),
    "leases.nodes": () => leases.nodes({ limit: 1 }),
    "leases.setNodePaused": () => leases.setNodePaused(fence.node.nodeId, true),
    "sessions.setPaused": () => sessions.setPaused(S1, true),
    "sessions.loadConfig": () => sessions.loadConfig("x"),
    "sessions.commit": async () =>
      sessions.commit(fence, {
        runId: TURN,
        boundary: "turn_end",
        outcome: { status: "completed", text: "" },
        usage: { modelCalls: 0, inputTokens: 0, outputTokens: 0, reasoningTokens: 0, cachedInputTokens: 0 },
        delta: null,
        inputIds: [inputId("in_s1")],
      }),
    "sessions.loadBoundaryReceipt": () => sessions.loadBoundaryReceipt(S1, TURN, 0),
    "sessions.loadCommitted": () => sessions.loadCommitted(TURN),
    "sessions.receipts": () => sessions.receipts(S1),
    "sessions.requestCancel": () => sessions.requestCancel(TURN, { requestId: "c", origin: "o" }),
    "sessions.pendingCancel": () => sessions.pendingCancel(TURN),
    "log.append": () => log.append(fence, held.texts("late")),
    "log.read": () => log.read(S1),
    "log.grown": () => log.grown(S1, { after: 0 }),
    "inbox.accept": () => inbox.accept(newInput("in_9", "s1")),
    "inbox.next": () => inbox.next(fence),
    "inbox.checkpoint": () => inbox.checkpoint(fence, TURN, () => held.texts("late")[0]!),
    "inbox.isInterrupted": () => inbox.isInterrupted(S1),
    "inbox.loadInputStates": () => inbox.loadInputStates(S1),
    "inbox.loadInputState": () => inbox.loadInputState(inputId("in_s1")),
    "inbox.persistInputState": () => inbox.persistInputState(newInputState("in_9")),
    "inbox.load": () => inbox.load(inputId("in_s1")),
    "inbox.list": () => inbox.list(S1),
    "leases.openNode": () => leases.openNode(nodeId("late"), { ttlMs: 1_000 }),
    "leases.renewNode": () => leases.renewNode(fence.node),
    "leases.claim": () => leases.claim(fence.node, { limit: 1, behaviours: [] }),
    "leases.release": () => leases.release(fence, { type: "idle" }),
    "awaits.register": () => awaits.register(newAwaitEvent("k1")),
    "awaits.resolve": () => awaits.resolve("k1", { status: "cancelled" }, by, newAwaitEvent("k1")),
    "awaits.resolveOpen": () =>
      awaits.resolveOpen("k1", { status: "cancelled" }, by, { infoType: "approval" }),
    "awaits.load": () => awaits.load("k1"),
    "awaits.pending": () => awaits.pending({ limit: 1 }),
    "awaits.settleDue": () => awaits.settleDue(1),
    "awaits.isRevoked": () => awaits.isRevoked({ keyId: "k1", sessionId: S1 }),
    "awaits.revoke": () => awaits.revoke("k1"),
    "awaits.revokeSession": () => awaits.revokeSession(S1),
    "awaits.prune": () => awaits.prune(0, 1),
    "processes.append": () =>
      processes.append({
        processId: P1,
        key: "k",
        bodies: [{ type: "registered", registration: newProcess("p1") }],
      }),
    "processes.load": () => processes.load(P1),
    "processes.events": () => processes.events(P1),
    "processes.list": () => processes.list({ live: false, limit: 1 }),
    "processes.claim": () => processes.claim(fence.node, { names: [], limit: 1 }),
    "processes.release": () => processes.release({ node: fence.node, processId: P1, epoch: 1 }),
    "jobs.openSession": () => jobs.openSession({ sessionId: JS, document: {}, expiresAt: null }),
    "jobs.loadSession": () => jobs.loadSession(JS),
    "jobs.claimSession": () => jobs.claimSession(JS),
    "jobs.claimOrphans": () => jobs.claimOrphans(fence.node, 1),
    "jobs.updateSession": () => jobs.updateSession(JS, 1, { expiresAt: 1 }),
    "jobs.closeSession": () => jobs.closeSession(JS, 1),
    "jobs.acknowledge": () => jobs.acknowledge(JS, 1),
    "jobs.trim": () => jobs.trim(JS, 1),
    "jobs.deliveries": () => jobs.deliveries(JS),
    "jobs.retainedFrom": () => jobs.retainedFrom(JS),
    "jobs.create": () =>
      jobs.create({
        jobId: J1,
        sessionId: JS,
        principal: "p",
        agent: "a",
        status: "s",
        live: true,
        createdAt: 0,
        document: {},
      }),
    "jobs.load": () => jobs.load(J1),
    "jobs.loadByKey": () => jobs.loadByKey("p", "k"),
    "jobs.list": () => jobs.list({ limit: 1 }),
    "jobs.append": () => jobs.append({ epochs: [], events: [], deliveries: [], changes: [] }),
    "jobs.events": () => jobs.events(J1),
    "jobs.keepCredentials": () => jobs.keepCredentials([]),
    "jobs.dropCredential": () => jobs.dropCredential("c"),
    "jobs.credentials": () => jobs.credentials(),
    "jobs.prune": () => jobs.prune(0, 1),
    "outbox.deliverInputs": () => outbox.deliverInputs(1),
    "outbox.take": () => outbox.take({ topics: [], limit: 1, hideMs: 1 }),
    "outbox.delivered": () => outbox.delivered("x", 1),
    "outbox.failed": () => outbox.failed("x", 1, { code: "c", message: "m" }, null),
    "outbox.list": () => outbox.list({ limit: 1 }),
    "outbox.revive": () => outbox.revive("x"),
    "outbox.discard": () => outbox.discard("x"),
    "attachments.put": () => attachments.put("x", "text/plain"),
    "attachments.get": () => attachments.get("x"),
    "secrets.loadOrCreate": () => secrets.loadOrCreate("x", () => "y"),
    "secrets.replace": () => secrets.replace("x", "y", "z"),
    "tokens.create": () => tokens.create({ tokenId: "t", digest: "d", principal: "p" }),
    "tokens.find": () => tokens.find("d"),
    "tokens.list": () => tokens.list({ limit: 1 }),
    "tokens.revoke": () => tokens.revoke("t"),
    "retention.prune": () => retention.prune({ kind: "turns", before: 0, limit: 1 }),
    "retention.countPrunable": () => retention.countPrunable({ kind: "turns", before: 0 }),
    "retention.erase": () => retention.erase(S1, { limit: 1 }),
    "retention.erased": () => retention.erased(S1),
  };
}

export const closedLaw = chapter("Law: a closed store does nothing", (add) => {
  add("every verb is refused as store_closed, and nothing is written", async (t) => {
    const held = await t.working();
    const known = verbs(t.store, held);
    const ports = [
      "sessions",
      "log",
      "inbox",
      "leases",
      "awaits",
      "processes",
      "jobs",
      "outbox",
      "attachments",
      "secrets",
      "tokens",
      "retention",
    ] as const;
    // The list must be whole, or the law would pass over what it forgot.
    const there = ports.flatMap((port) =>
      verbNames(t.store[port])
        .filter((verb) => !verb.startsWith("on") && verb !== "closeNode")
        .map((verb) => `${port}.${verb}`),
    );
    t.expect(there.filter((verb) => !(verb in known))).toEqual([]);

    await t.store.close();
    for (const [name, call] of Object.entries(known)) await t.refused(call(), "store_closed", name);
  });

  add("closing twice is closing once", async (t) => {
    await t.accept("in_1");
    await t.store.close();
    await t.store.close();
    await t.refused(t.store.inbox.list(S1), "store_closed");
  });

  add("opening an open store changes nothing", async (t) => {
    await t.accept("in_1");
    await t.unchanged(["s1"], async () => {
      await t.store.open();
      await Promise.all([t.store.open(), t.store.open()]);
    });
  });

  add("no hint comes after the close", async (t) => {
    const second = await t.second();
    if (second === t.store) {
      // One process: the only writer is the closed store itself.
      await t.store.close();
      await t.refused(t.accept("in_1"), "store_closed");
      return;
    }
    let heard = 0;
    t.store.leases.onWork(() => heard++);
    await t.store.close();
    let other = 0;
    second.leases.onWork(() => other++);
    let sent = 0;
    await t.until("the open store hears of work", async () => {
      if (other > 0) return true;
      sent += 1;
      await second.inbox.accept(newInput(`in_${sent}`, "s1"));
      return undefined;
    });
    t.expect(heard).toBe(0);
  });
});

/** Methods of a port, whether it is an object of functions or of a class of its own. */
function verbNames(port: object): readonly string[] {
  const names = new Set<string>();
  for (let level = port; level !== Object.prototype && level !== null; level = Object.getPrototypeOf(level)) {
    for (const name of Object.getOwnPropertyNames(level)) {
      const member: unknown = Reflect.get(port, name);
      if (name !== "constructor" && typeof member === "function") names.add(name);
    }
  }
  return [...names];
}
