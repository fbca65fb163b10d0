// D15: whoever answers what it has read of late need not read it again, and gets the same answers as anybody else.
import { type Json, type SessionId, tool } from "@pawl/core";
import type { HostOptions } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { scriptedModel } from "@pawl/testing";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { testHost } from "./test-host.ts";

/** A turn that waits for an approval, and how often events were read one by one since then. */
async function asked(options: Partial<HostOptions> = {}) {
  const inner = memoryStore();
  const reads = { count: 0 };
  let change = (info: Json): Json => info;
  const awaits = {
    ...inner.awaits,
    load: async (keyId: string) => {
      reads.count += 1;
      const record = await inner.awaits.load(keyId);
      return record && { ...record, info: change(record.info) };
    },
    resolveOpen: async (...args: Parameters<typeof inner.awaits.resolveOpen>) => {
      const [keyId, terminal, by, as] = args;
      const record = await inner.awaits.load(keyId);
      const isSame =
        !("info" in as) || JSON.stringify(change(record?.info ?? null)) === JSON.stringify(as.info);
      return isSame ? inner.awaits.resolveOpen(keyId, terminal, by, as) : undefined;
    },
  };
  const performed: number[] = [];
  const refund = tool({
    description: "Refunds",
    input: z.object({ cents: z.number().int() }),
    execute: ({ cents }) => {
      performed.push(cents);
      return "refunded";
    },
  });
  const host = testHost({
    store: { ...inner, awaits },
    model: scriptedModel([{ tools: [{ name: "refund", input: { cents: 8000 } }] }, "done"]),
    tools: { refund },
    approvals: { refund: () => true },
    ...options,
  });
  const turn = await host.session("s1").send("refund");
  const waiting = await turn.result();
  if (waiting.status !== "waiting") throw new Error(`It is ${waiting.status}.`);
  const id = waiting.waits[0]?.id ?? "";
  const readsOf = async (action: () => Promise<unknown>) => {
    const before = reads.count;
    await action();
    return reads.count - before;
  };
  return {
    inner,
    host,
    turn,
    id,
    performed,
    readsOf,
    tamper: (how: typeof change) => {
      change = how;
    },
  };
}

describe("an answer to what was read of late", () => {
  it("reads nothing again, and leaves the same record and receipt", async () => {
    const { host, turn, id, performed, readsOf } = await asked();
    await host.approvals.list();
    expect(await readsOf(() => host.approvals.approve(id, { by: "boss" }))).toBe(0);
    await turn.result();
    expect(performed).toEqual([8000]);
    const receipt = await host.approvals.receipt(id);
    expect(receipt).toMatchObject({ decision: "approved", by: "boss", via: "host", input: { cents: 8000 } });
    expect(await host.approvals.verify(receipt)).toBe(undefined);
    expect(await host.approvals.approve(id)).toMatchObject({ replayed: true });
    await expect(host.approvals.deny(id)).rejects.toMatchObject({ code: "approval_conflict" });
  });

  it("is looked at again when somebody else has answered meanwhile", async () => {
    const { inner, host, id, performed, turn } = await asked();
    await host.waits.list();
    const denied = { status: "ok", payload: { decision: "deny" } } as const;
    await inner.awaits.resolve(id, denied, { name: "ana", via: "key" });
    expect(await host.waits.answer(id, { decision: "approve" }, { by: "boss" })).toEqual({
      status: "already_resolved",
      terminal: denied,
    });
    await turn.result();
    expect(performed).toEqual([]);
  });

  it("is refused when what is stored is not what was read, and what the turn asked for", async () => {
    const { host, id, performed, tamper } = await asked();
    await host.approvals.show(id);
    tamper((info) => ({ ...(info as object), input: { cents: 1 } }) as Json);
    await expect(host.approvals.approve(id)).rejects.toMatchObject({ code: "approval_arguments_changed" });
    tamper((info) => info);
    expect(await host.approvals.show(id)).toMatchObject({ status: "pending" });
    expect(performed).toEqual([]);
  });

  it("is nobody's who does not see the wait", async () => {
    const { host, id } = await asked();
    await host.approvals.list();
    const stranger = host.as({ principal: "eve" });
    await expect(stranger.approvals.approve(id)).rejects.toMatchObject({ code: "approval_unknown" });
    expect(await stranger.waits.answer(id, { decision: "approve" }, { by: "eve" })).toEqual({
      status: "unknown_or_revoked",
    });
    expect(await host.approvals.show(id)).toMatchObject({ status: "pending" });
  });

  it("finds nothing once its session is revoked", async () => {
    const { inner, host, id } = await asked();
    await host.approvals.list();
    await inner.awaits.revokeSession("s1" as SessionId);
    await expect(host.approvals.approve(id)).rejects.toMatchObject({ code: "approval_unknown" });
  });
});

describe("the result of a call that is answered later", () => {
  async function pending() {
    const inner = memoryStore();
    let reads = 0;
    const awaits = {
      ...inner.awaits,
      load: (keyId: string) => {
        reads += 1;
        return inner.awaits.load(keyId);
      },
    };
    const order = tool({
      description: "Orders",
      input: z.object({}),
      execute: (_, run) => run.pending({ note: "the supplier answers" }),
    });
    const host = testHost({
      store: { ...inner, awaits },
      model: scriptedModel([{ tools: [{ name: "order" }] }, "done"]),
      tools: { order },
    });
    const turn = await host.session("s1").send("order");
    const waiting = await turn.result();
    if (waiting.status !== "waiting") throw new Error(`It is ${waiting.status}.`);
    return { host, turn, id: waiting.waits[0]?.id ?? "", reads: () => reads };
  }

  it("is written without reading the wait, and the second one learns the first", async () => {
    const { host, turn, id, reads } = await pending();
    const before = reads();
    const sent = { status: "ok", payload: "sent" } as const;
    expect(await host.waits.answer(id, sent, { by: "supplier" })).toEqual({ status: "accepted" });
    expect(reads()).toBe(before);
    expect(await turn.result()).toMatchObject({ status: "completed" });
    expect(await host.waits.answer(id, { status: "cancelled" }, { by: "supplier" })).toEqual({
      status: "already_resolved",
      terminal: sent,
    });
  });

  it("is not taken from an owner that does not see the session", async () => {
    const { host, id } = await pending();
    const answer = { status: "ok", payload: "forged" } as const;
    expect(await host.as({ principal: "eve" }).waits.answer(id, answer, { by: "eve" })).toEqual({
      status: "unknown_or_revoked",
    });
  });
});
