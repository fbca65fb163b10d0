import { type Json, tool } from "@pawl/core";
import { parseKey } from "@pawl/effects";
import { checkApprovalReceipt, createReceiptKey, createReceiptSigner } from "@pawl/effects/await-events";
import { createHost, type HostOptions } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { type ManualClock, manualClock, scriptedModel } from "@pawl/testing";
import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";

const hosts: { stop(options?: { drainMs?: number }): Promise<void> }[] = [];
const clocks: ManualClock[] = [];
afterEach(async () => {
  const stopping = Promise.all(hosts.splice(0).map((host) => host.stop({ drainMs: 50 })));
  const [clock] = clocks.splice(0);
  await (clock === undefined ? stopping : moved(clock, stopping));
});

const PUBLIC = { publicUrl: "https://x.io/pawl/" };

function scene(options: Partial<HostOptions> = PUBLIC, calls = 1) {
  const performed: Json[] = [];
  const refund = tool({
    description: "Refunds",
    input: z.object({ cents: z.number().int() }),
    execute: (input) => {
      performed.push(input);
      return "refunded";
    },
  });
  const tools = Array.from({ length: calls }, (_, n) => ({ name: "refund", input: { cents: 8000 + n } }));
  const host = createHost({
    store: memoryStore(),
    model: scriptedModel([{ tools }, "done"]),
    tools: { refund },
    approvals: { refund: () => true },
    ...options,
  } as HostOptions);
  hosts.push(host);
  return { host, performed };
}

async function asked(options?: Partial<HostOptions>, calls?: number) {
  const { host, performed } = scene(options, calls);
  const turn = await host.session("s1").send("refund");
  const waiting = await turn.result();
  if (waiting.status !== "waiting") throw new Error(`It is ${waiting.status}.`);
  const ids = waiting.waits.map(({ id }) => id);
  return { host, performed, turn, id: ids[0] as string, ids };
}

/** Lets time pass until something has happened. */
async function moved<T>(clock: ManualClock, promise: Promise<T>): Promise<T> {
  let over = false;
  const settled = promise.finally(() => {
    over = true;
  });
  while (!over) await clock.advance(50);
  return settled;
}

async function toolResult(host: Awaited<ReturnType<typeof asked>>["host"]) {
  const messages = await host.session("s1").transcript();
  return messages.find(({ role }) => role === "tool")?.parts[0];
}

async function settledEvent(turn: Awaited<ReturnType<typeof asked>>["turn"]) {
  for await (const event of turn.events()) if (event.type === "wait.settled") return event;
  return undefined;
}

describe("a link", () => {
  it("decides as whom it was made for, once; the same again is the first answer, another a conflict", async () => {
    const { host, performed, turn, id } = await asked();
    const { url, key } = await host.approvals.link(id, { for: "boss@x.io" });
    expect(url).toBe(`https://x.io/pawl/a/${key}`);
    expect(await host.approvals.open(key)).toMatchObject({
      audience: "boss@x.io",
      approval: { id, status: "pending", input: { cents: 8000 } },
    });
    const first = await host.approvals.answer(key, { decision: "approve" });
    expect(first).toMatchObject({
      replayed: false,
      approval: { status: "approved", decided: { by: "boss@x.io" } },
    });
    expect(await turn.result()).toMatchObject({ status: "completed" });
    expect(performed).toEqual([{ cents: 8000 }]);
    expect(await host.approvals.answer(key, { decision: "approve" })).toEqual({ ...first, replayed: true });
    expect(await host.approvals.approve(id, { by: "alice" })).toEqual({ ...first, replayed: true });
    for (const choice of [{ decision: "deny" }, { decision: "edit", input: { cents: 1 } }] as const) {
      await expect(host.approvals.answer(key, choice)).rejects.toMatchObject({
        code: "approval_conflict",
        details: { approval: { status: "approved", decided: { by: "boss@x.io" } } },
      });
    }
    expect(performed).toHaveLength(1);
    await expect(host.approvals.link(id)).rejects.toMatchObject({ code: "approval_conflict" });
  });

  it("cannot answer another approval, nor as another person, nor anything else", async () => {
    const { host, ids } = await asked(PUBLIC, 2);
    const [boss, other] = await Promise.all(ids.map((id) => host.approvals.link(id, { for: "boss" })));
    const key = parseKey(boss?.key ?? "");
    const their = parseKey(other?.key ?? "");
    if (key === undefined || their === undefined) throw new Error("No keys.");
    const { formatKey } = await import("@pawl/effects");
    const forged = [
      { ...key, audience: "ceo" },
      { ...key, keyId: their.keyId },
      { ...key, wait: their.wait, keyId: their.keyId },
      { ...their, signature: key.signature },
      { ...key, expiresAt: 9e15 },
      { ...key, subject: { ...key.subject, argumentHash: their.subject?.argumentHash } } as typeof key,
    ];
    for (const one of forged) {
      await expect(host.approvals.answer(formatKey(one), { decision: "approve" })).rejects.toMatchObject({
        code: "approval_link_unknown",
      });
    }
    // A key without a subject answers the wait as a wait; it is no link.
    const plain = await host.waits.key(ids[0] as string);
    await expect(host.approvals.open(plain)).rejects.toMatchObject({ code: "approval_link_unknown" });
    expect((await host.approvals.list()).map(({ id }) => id).sort()).toEqual([...ids].sort());
  });

  it("needs to know where the host is reached, and an approval that is there", async () => {
    const { host, id } = await asked({});
    await expect(host.approvals.link(id)).rejects.toMatchObject({ code: "public_url_missing" });
    await expect(host.approvals.link("x")).rejects.toMatchObject({ code: "approval_unknown" });
    await expect(host.approvals.show("x")).rejects.toMatchObject({ code: "approval_unknown" });
  });

  it("is as good as unknown once its session is revoked", async () => {
    const store = memoryStore();
    const { host, id } = await asked({ ...PUBLIC, store });
    const { key } = await host.approvals.link(id);
    await store.awaits.revokeSession("s1" as never);
    await expect(host.approvals.open(key)).rejects.toMatchObject({ code: "approval_link_unknown" });
    await expect(host.approvals.answer(key, { decision: "approve" })).rejects.toMatchObject({
      code: "approval_link_unknown",
    });
  });

  it("is invalid where the stored arguments are not those that were asked for, and the difference is told", async () => {
    const inner = memoryStore();
    let change = (info: Json): Json => info;
    const awaits = {
      ...inner.awaits,
      load: async (keyId: string) => {
        const record = await inner.awaits.load(keyId);
        return record && { ...record, info: change(record.info) };
      },
    };
    const { host, performed, id } = await asked({ ...PUBLIC, store: { ...inner, awaits } });
    const { key } = await host.approvals.link(id, { for: "boss" });
    change = (info) => ({ ...(info as object), input: { cents: 1, to: "me" } }) as Json;
    const differences = [
      { path: "/cents", asked: 8000, now: 1 },
      { path: "/to", now: "me" },
    ];
    const refusal = { code: "approval_arguments_changed", details: { differences } };
    await expect(host.approvals.open(key)).rejects.toMatchObject(refusal);
    await expect(host.approvals.answer(key, { decision: "approve" })).rejects.toMatchObject(refusal);
    await expect(host.approvals.approve(id)).rejects.toMatchObject(refusal);
    await expect(host.waits.answer(id, { decision: "approve" }, { by: "x" })).rejects.toMatchObject(refusal);
    expect(performed).toEqual([]);
  });
});

describe("five ends of an approval are five things, to the model and in the record", () => {
  it("approved", async () => {
    const { host, turn, id } = await asked();
    await host.approvals.approve(id, { by: "boss" });
    await turn.result();
    expect(await toolResult(host)).toMatchObject({ status: "ok", output: "refunded" });
    expect(await settledEvent(turn)).toMatchObject({ decision: "approved", by: "boss" });
    expect(await host.approvals.receipt(id)).toMatchObject({ decision: "approved", by: "boss", via: "host" });
  });

  it("approved with edited arguments, which are checked before anything is decided", async () => {
    const { host, performed, turn, id } = await asked();
    await expect(host.approvals.edit(id, { cents: "all" })).rejects.toMatchObject({
      code: "approval_input_invalid",
    });
    expect(await host.approvals.show(id)).toMatchObject({ status: "pending" });
    await host.approvals.edit(id, { cents: 5 }, { by: "boss" });
    await turn.result();
    expect(performed).toEqual([{ cents: 5 }]);
    expect(await toolResult(host)).toMatchObject({ output: { arguments: { cents: 5 }, result: "refunded" } });
    expect(await settledEvent(turn)).toMatchObject({ decision: "edited", by: "boss" });
    const receipt = await host.approvals.receipt(id);
    expect(receipt).toMatchObject({ decision: "edited", editedInput: { cents: 5 }, input: { cents: 8000 } });
    expect(await host.approvals.verify(receipt)).toBeUndefined();
    expect(await host.approvals.verify(JSON.stringify(receipt, null, 2))).toBeUndefined();
    expect(await host.approvals.verify({ ...receipt, by: "mallory" })).toBe("altered");
    const { format: _, version: __, publicKey: ___, signature: ____, ...facts } = receipt;
    const anew = await (await createReceiptSigner(await createReceiptKey())).sign(facts);
    expect(await checkApprovalReceipt(anew)).toBeUndefined();
    expect(await host.approvals.verify(anew)).toBe("other_key");
    expect(
      await checkApprovalReceipt(receipt, { publicKey: await host.approvals.publicKey() }),
    ).toBeUndefined();
  });

  it("denied, with a reason", async () => {
    const { host, performed, turn, id } = await asked();
    await expect(host.approvals.receipt(id)).rejects.toMatchObject({ code: "approval_pending" });
    await host.approvals.deny(id, { by: "boss", reason: "too much" });
    await turn.result();
    expect(performed).toEqual([]);
    const output = { code: "approval_denied", message: expect.stringContaining("too much") };
    expect(await toolResult(host)).toMatchObject({ status: "error", output });
    expect(await settledEvent(turn)).toMatchObject({ decision: "denied", by: "boss" });
    expect(await host.approvals.receipt(id)).toMatchObject({ decision: "denied", reason: "too much" });
  });

  it("expired, by the clock alone (D15), and links with it", async () => {
    const clock = manualClock({ now: 1_000_000 });
    clocks.push(clock);
    const store = memoryStore({ clock });
    const moving = <T>(promise: Promise<T>) => moved(clock, promise);
    const { host, performed, turn, id } = await moving(
      asked({ ...PUBLIC, store, clock, approvalsExpireMs: 60_000 }),
    );
    expect(await host.approvals.show(id)).toMatchObject({ expiresAt: expect.any(Number) });
    const { key } = await host.approvals.link(id, { for: "boss" });
    const short = await host.approvals.link(id, { for: "boss", expiresAt: clock.now() + 1_000 });
    await clock.advance(1_000);
    await expect(host.approvals.answer(short.key, { decision: "approve" })).rejects.toMatchObject({
      code: "approval_link_expired",
    });
    await clock.advance(60_000);
    expect(await moving(turn.result())).toMatchObject({ status: "completed" });
    expect(performed).toEqual([]);
    expect(await toolResult(host)).toMatchObject({ status: "error", output: { code: "approval_expired" } });
    expect(await settledEvent(turn)).toMatchObject({ decision: "expired" });
    expect(await host.approvals.receipt(id)).toMatchObject({ decision: "expired", by: "deadline" });
    // What was decided may still be seen by link, and not be changed.
    expect(await host.approvals.open(key)).toMatchObject({ approval: { status: "expired" } });
    await expect(host.approvals.answer(key, { decision: "approve" })).rejects.toMatchObject({
      code: "approval_conflict",
    });
  });

  it("cancelled with its turn", async () => {
    const { host, performed, turn, id } = await asked();
    await turn.cancel({ reason: "no need" });
    expect(await turn.result()).toMatchObject({ status: "cancelled" });
    expect(performed).toEqual([]);
    expect(await toolResult(host)).toMatchObject({
      status: "cancelled",
      output: { certainty: "before_start" },
    });
    expect(await host.approvals.show(id)).toMatchObject({ status: "cancelled" });
    const receipt = await host.approvals.receipt(id);
    expect(receipt).toMatchObject({ decision: "cancelled" });
    expect(await checkApprovalReceipt(receipt)).toBeUndefined();
    await expect(host.approvals.approve(id)).rejects.toMatchObject({ code: "approval_conflict" });
  });
});

describe("keys and secrets", () => {
  it("stand in no event and in no stored wait", async () => {
    const store = memoryStore();
    const { host, turn, id } = await asked({ ...PUBLIC, store });
    const { key } = await host.approvals.link(id, { for: "boss" });
    await host.approvals.answer(key, { decision: "approve" });
    await turn.result();
    const seen: unknown[] = [await store.awaits.load(id), await turn.record()];
    for await (const event of turn.events()) seen.push(event);
    const signature = key.split(".")[2] as string;
    expect(JSON.stringify(seen)).not.toContain(signature);
    expect(JSON.stringify(seen)).not.toContain("pwk1.");
  });

  it("all hosts of a store sign receipts with one key", async () => {
    const store = memoryStore();
    const [one, two] = [scene({ store }), scene({ store })];
    expect(await one.host.approvals.publicKey()).toBe(await two.host.approvals.publicKey());
  });
});
