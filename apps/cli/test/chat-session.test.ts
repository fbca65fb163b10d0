import type { WireTurnResult } from "@pawl/http";
import { describe, expect, it, vi } from "vitest";
import type { PawlClient } from "../src/client/pawl-client.ts";
import type { NewTurn } from "../src/client/turn-client.ts";
import { createChatSession } from "../src/commands/chat-session.ts";
import { createLineQueue } from "../src/commands/line-queue.ts";

/** A turn that waits is looked at for a second, for what may be on its way. */
const PATIENCE = 10_000;

const APPROVAL = {
  status: "waiting",
  session_id: "s",
  turn_id: "t1",
  waits: [{ id: "w1", reason: { type: "approval", tool: "pay", input: { cents: 5 }, argument_hash: "h" } }],
} as unknown as WireTurnResult;

function ended(turnId: string): WireTurnResult {
  return { status: "completed", session_id: "s", turn_id: turnId, text: "", usage: {} } as never;
}

/** Turns that end when `end` is called; each input is named by its order. */
function fakeClient() {
  const sent: NewTurn[] = [];
  const results = new Map<string, (result: WireTurnResult) => void>();
  const client = {
    send: vi.fn(async (turn: NewTurn) => {
      sent.push(turn);
      return { sessionId: "s", turnId: `t${sent.length}` };
    }),
    async *events() {},
    result: (turnId: string) => new Promise<WireTurnResult>((resolve) => results.set(turnId, resolve)),
    explain: vi.fn(async (turnId: string) => ({ turn_id: turnId, state: "completed", result: ended("t1") })),
    cancel: vi.fn(async () => ({})),
    approvals: { decide: vi.fn(async () => ({})) },
    grant: vi.fn(async () => ({})),
  };
  const end = async (turnId: string, result = ended(turnId)) => {
    await vi.waitFor(() => expect(results.has(turnId)).toBe(true), PATIENCE);
    results.get(turnId)!(result);
    results.delete(turnId);
  };
  return { sent, end, fake: client, client: client as unknown as PawlClient };
}

function open(steering: boolean) {
  const clients = fakeClient();
  const lines = createLineQueue();
  const asked: string[] = [];
  const output = { progress() {}, accepted() {}, event() {}, notice() {}, finished() {}, close() {} };
  const prompt = (text: string) => void asked.push(text);
  const { client } = clients;
  const session = createChatSession({ client, lines, output, prompt, turn: { sessionId: "s" }, steering });
  return { ...clients, lines, asked, session };
}

function spent(limit: "tokens" | "cost"): WireTurnResult {
  const waits = [{ id: "w1", reason: { type: "budget", limit } }];
  return { status: "waiting", session_id: "s", turn_id: "t1", waits } as unknown as WireTurnResult;
}

describe("a chat", () => {
  it("begins a turn with each line, and ends with the last turn's result", async () => {
    const { lines, sent, end, session } = open(false);
    const talked = session.talk();
    for (const line of ["one", " ", "two"]) lines.push(line);
    lines.end();
    await end("t1");
    await end("t2");
    expect(await talked).toMatchObject({ turn_id: "t2" });
    expect(sent.map(({ content, delivery }) => [content, delivery])).toEqual([
      ["one", undefined],
      ["two", undefined],
    ]);
  });

  it("steers what is typed while a turn runs, and follows it when it came too late", async () => {
    const { lines, sent, end, session, fake } = open(true);
    const talked = session.talk();
    lines.push("one");
    await vi.waitFor(() => expect(sent).toHaveLength(1), { timeout: 10_000 });
    lines.push("and this");
    await vi.waitFor(() => expect(sent).toHaveLength(2), { timeout: 10_000 });
    expect(sent[1]).toMatchObject({ content: "and this", delivery: "steer" });
    fake.explain.mockResolvedValueOnce({ turn_id: "t2", state: "running" } as never);
    await end("t1");
    await end("t2");
    lines.end();
    expect(await talked).toMatchObject({ turn_id: "t2" });
  });

  it("asks for approvals where they come up, and goes on with the turn", async () => {
    const { lines, asked, end, session, fake } = open(true);
    const talked = session.talk();
    lines.push("pay");
    await end("t1", APPROVAL);
    const question = 'pay {"cents":5} needs somebody\'s approval';
    await vi.waitFor(() => expect(asked.at(-1)).toContain(question), PATIENCE);
    lines.push("what?");
    lines.push("y");
    await end("t1");
    lines.end();
    expect(await talked).toMatchObject({ status: "completed" });
    expect(fake.approvals.decide.mock.calls).toEqual([["w1", { decision: "approve" }]]);
  });

  it("leaves an approval for later, and cancels only what runs", async () => {
    const { lines, end, session, fake } = open(true);
    expect(session.cancel()).toBe(false);
    const talked = session.talk();
    lines.push("pay");
    await vi.waitFor(() => expect(session.cancel()).toBe(true), { timeout: 10_000 });
    expect(fake.cancel.mock.calls).toEqual([["t1", "interrupted"]]);
    await end("t1", APPROVAL);
    lines.push("l");
    lines.end();
    expect(await talked).toMatchObject({ status: "waiting" });
    expect(fake.approvals.decide).not.toHaveBeenCalled();
  });

  it.each([
    ["tokens", ["many", "0", "500"], { tokens: 500 }],
    ["cost", ["0.25"], { cost_nano_usd: 250_000_000 }],
  ] as const)("asks for more of a budget of %s where it is used up", async (limit, typed, granted) => {
    const { lines, asked, end, session, fake } = open(false);
    const talked = session.talk();
    lines.push("one");
    await end("t1", spent(limit));
    for (const line of typed) lines.push(line);
    await end("t1");
    lines.end();
    expect(await talked).toMatchObject({ status: "completed" });
    expect(fake.grant.mock.calls).toEqual([["t1", granted]]);
    expect(asked.filter((text) => text.includes("A number"))).toHaveLength(typed.length);
  });

  it("leaves a budget for later when nobody says how much", async () => {
    const { lines, end, session, fake } = open(false);
    const talked = session.talk();
    lines.push("one");
    await end("t1", spent("tokens"));
    lines.push("later");
    lines.end();
    expect(await talked).toMatchObject({ status: "waiting" });
    expect(fake.grant).not.toHaveBeenCalled();
  });
});
