import { inputId, sessionId, turnId } from "@pawl/core";
import { newAwaitEvent, newInput, textDelta, userMessage } from "../fixtures.ts";
import { chapter } from "../store-case.ts";

const S1 = sessionId("s1");

const ANSWER = { status: "ok", payload: { deep: [{ text: "kept" }] } } as const;
const BY = { name: "ana", via: "host", note: { deep: ["kept"] } } as const;

/** Spoils a value as far as it lets itself be spoilt: a frozen one answers with a TypeError, which is as good. */
function spoil(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  for (const member of Object.values(value)) spoil(member);
  try {
    if (Array.isArray(value)) value.length = 0;
    for (const key of Object.keys(value)) (value as Record<string, unknown>)[key] = "spoilt";
    Object.assign(value, { extra: "spoilt" });
  } catch {
    // Frozen.
  }
}

export const detachedLaw = chapter("Law: values are detached", (add) => {
  add("S6 what is read can be spoilt without harm", async (t) => {
    const held = await t.working();
    await held.append("text");
    const receipt = await held.end();
    await t.accept("in_2");
    const turn = await held.newTurn(["in_2"]);
    const { sessions, inbox, awaits } = t.store;
    await awaits.register(newAwaitEvent("open"));
    await awaits.resolve("done", ANSWER, BY, newAwaitEvent("done"));
    const readers: Record<string, () => Promise<unknown>> = {
      picture: () => t.picture("s1"),
      load: () => sessions.load(S1),
      list: () => sessions.list({ limit: 10 }),
      transcript: () => sessions.transcript(S1),
      config: () => sessions.loadConfig(turn.configHash),
      receipt: () => sessions.loadBoundaryReceipt(S1, receipt.runId, 0),
      committed: () => sessions.loadCommitted(receipt.runId),
      input: () => inbox.load(inputId("in_s1")),
      next: () => inbox.next(held.fence),
      "await-event": () => awaits.load("done"),
      "await-event again": () => awaits.register(newAwaitEvent("open")),
      "pending events": () => awaits.pending({ limit: 10 }),
    };
    const before = structuredClone(await Promise.all(Object.values(readers).map((read) => read())));
    for (const [name, read] of Object.entries(readers)) {
      spoil(await read());
      const after = await Promise.all(Object.values(readers).map((again) => again()));
      t.expect(after, `after spoiling ${name}`).toEqual(before);
    }
  });

  add("S6 what was handed in can be changed afterwards without harm", async (t) => {
    const input = structuredClone(newInput("in_1", "s1"));
    await t.store.inbox.accept(input);
    spoil(input);
    t.expect((await t.store.inbox.load(inputId("in_1")))?.content).toEqual(newInput("in_1", "s1").content);

    const held = await t.hold(await t.node());
    const turn = structuredClone(await held.newTurn(["in_1"]));
    const given = structuredClone(turn);
    await t.store.sessions.beginTurn(held.fence, turn);
    spoil(turn);
    t.expect((await t.store.log.read(S1))[0]).toEqual(given.row);
    t.expect(await t.store.sessions.loadConfig(given.configHash)).toEqual(given.config);
    held.turn = given.turnId;
    held.head = 1;
    held.begunWith = ["in_1"];

    const rows = structuredClone(held.texts("kept"));
    await t.store.log.append(held.fence, rows);
    spoil(rows);
    t.expect((await t.store.log.read(S1))[1]?.body).toEqual(textDelta("kept"));
    held.head = 2;

    const messages = [userMessage("m1")];
    await held.end({ delta: { baseRevision: 0, messages } });
    spoil(messages);
    t.expect(await t.store.sessions.transcript(S1)).toEqual([userMessage("m1")]);
  });

  add("S6 an await-event and its answer, handed in or returned, can be changed without harm", async (t) => {
    const { awaits } = t.store;
    const event = structuredClone(newAwaitEvent("k1"));
    spoil(await awaits.register(event));
    spoil(event);
    const { info, scope, wait } = newAwaitEvent("k1");
    t.expect(await awaits.load("k1").then((one) => [one?.info, one?.scope, one?.wait])).toEqual([
      info,
      scope,
      wait,
    ]);
    const answer = structuredClone(ANSWER);
    const by = structuredClone(BY);
    spoil(await awaits.resolve("k1", answer, by));
    spoil(answer);
    spoil(by);
    const record = await awaits.load("k1");
    t.expect([record?.terminal, record?.resolvedBy, record?.info]).toEqual([ANSWER, BY, info]);
  });

  add("S6 what the answers of writes hold can be spoilt without harm", async (t) => {
    const accepted = await t.store.inbox.accept(newInput("in_1", "s1"));
    const stored = structuredClone(await t.store.inbox.load(inputId("in_1")));
    spoil(accepted);
    t.expect(await t.store.inbox.load(inputId("in_1"))).toEqual(stored);

    const held = await t.hold(await t.node());
    await held.begin(["in_1"]);
    await t.accept("in_steer", "s1", { delivery: "steer" });
    const claimed = await t.store.inbox.checkpoint(held.fence, turnId("turn_1"), (inputs) => {
      spoil(inputs);
      return held.row(textDelta("checkpoint"));
    });
    held.head += 1;
    t.expect((await t.store.inbox.load(inputId("in_steer")))?.state).toBe("staged");
    spoil(claimed);
    t.expect((await t.store.log.read(S1))[1]?.body).toEqual(textDelta("checkpoint"));

    const result = await held.commit({
      inputIds: [inputId("in_1"), inputId("in_steer")],
      row: (receipt) => {
        const { sequence, digest } = receipt;
        spoil(receipt);
        return held.row({ kind: "turn_committed", sequence, digest });
      },
    });
    const before = structuredClone(await t.store.sessions.receipts(S1));
    t.expect(before.map((receipt) => [receipt.sequence, receipt.runId])).toEqual([[0, "turn_1"]]);
    spoil(result);
    t.expect(await t.store.sessions.receipts(S1)).toEqual(before);
  });
});
