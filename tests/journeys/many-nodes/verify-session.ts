import {
  type JsonDigest,
  type LogRow,
  type Message,
  type SessionId,
  turnIdOfInput,
  verifyReceipt,
} from "@pawl/core";
import type { Store } from "@pawl/core/ports";
import { expect } from "vitest";

export interface VerifiedSession {
  readonly turns: number;
  /** Names of the tools that were called, once for each call. */
  readonly calls: readonly string[];
}

/** What must hold of a session after whatever happened: promises 2, 3 and 6 of the guarantees, from what is stored alone. */
export async function verifySession(
  store: Store<never>,
  sessionId: SessionId,
  digest: JsonDigest,
): Promise<VerifiedSession> {
  const inputs = await store.inbox.list(sessionId);
  const receipts = await store.sessions.receipts(sessionId);
  const rows = await readAll(store, sessionId);
  const where = `session ${sessionId}`;

  // Every input has exactly one terminal, and exactly one receipt names it.
  expect(
    inputs.map(({ state }) => state),
    where,
  ).toEqual(inputs.map(() => "consumed"));
  const settled = receipts.flatMap(({ inputIds }) => inputIds);
  expect([...settled].sort(), where).toEqual(inputs.map(({ inputId }) => inputId).sort());
  // The whole outcome in the message: the code says which rule ended a turn that should have completed.
  for (const { outcome } of receipts) {
    expect(outcome, `${where}: ${JSON.stringify(outcome)}`).toMatchObject({ status: "completed" });
  }

  // The receipts verify, and each names the one before it.
  const digests = new Map(inputs.map((input) => [input.inputId, input.digest]));
  for (const [index, receipt] of receipts.entries()) {
    const contents = receipt.inputIds.map((id) => digests.get(id) ?? "");
    expect(verifyReceipt(receipt, contents, digest), `${where}, receipt ${index}`).toBe(true);
    expect(receipt.previous, where).toBe(receipts[index - 1]?.digest ?? null);
    expect(receipt.revision, where).toBe(index + 1);
  }

  verifyLog(where, rows);
  expect(committedTurns(rows), where).toEqual(receipts.map(({ runId }) => runId));
  const messages = await store.sessions.transcript(sessionId);
  await verifyTranscript(store, sessionId, messages, where);
  for (const { inputId, delivery } of inputs) {
    if (delivery !== "next") continue;
    expect(await store.sessions.loadCommitted(turnIdOfInput(inputId)), where).not.toBeNull();
  }
  return { turns: receipts.length, calls: messages.flatMap(callsOf) };
}

/**
 * No session ran twice at once: the numbers have no gap, a turn's rows stand together, its inputs are numbered without a gap, and
 * nothing follows its commit.
 */
function verifyLog(where: string, rows: readonly LogRow[]): void {
  expect(
    rows.map(({ seq }) => seq),
    where,
  ).toEqual(rows.map((_row, index) => index + 1));
  const closed = new Set<string>();
  let open: string | undefined;
  let ordinal = 0;
  for (const { turnId, ordinal: given, body } of rows) {
    expect(closed.has(turnId), `${where}: a row of ${turnId} after its commit`).toBe(false);
    if (open !== turnId) {
      expect(open, `${where}: ${turnId} began while another turn was open`).toBeUndefined();
      open = turnId;
      ordinal = 0;
    }
    if (given !== null) {
      expect(given, `${where}: ordinals of ${turnId}`).toBe(ordinal);
      ordinal += 1;
    }
    if (body.kind === "turn_committed") {
      closed.add(turnId);
      open = undefined;
    }
  }
  expect(open, `${where}: a turn is open`).toBeUndefined();
}

function committedTurns(rows: readonly LogRow[]): readonly string[] {
  return rows.filter(({ body }) => body.kind === "turn_committed").map(({ turnId }) => turnId);
}

/** What people said is there once each, in order, and every call has its result. */
async function verifyTranscript(
  store: Store<never>,
  sessionId: SessionId,
  messages: readonly Message[],
  where: string,
): Promise<void> {
  const inputs = await store.inbox.list(sessionId);
  const said = messages
    .filter(({ role }) => role === "user")
    .flatMap(({ parts }) => parts.map((part) => (part.type === "text" ? part.text : "")));
  const sent = inputs.flatMap(({ content }) =>
    content.parts.map((part) => (part.type === "text" ? part.text : "")),
  );
  expect([...said].sort(), where).toEqual([...sent].sort());
  const parts = messages.flatMap((message) => message.parts as readonly { readonly type: string }[]);
  const count = (type: string) => parts.filter((part) => part.type === type).length;
  expect(count("tool_call"), where).toBe(count("tool_result"));
  expect(new Set(messages.map(({ id }) => id)).size, where).toBe(messages.length);
}

function callsOf({ parts }: Message): readonly string[] {
  return parts.flatMap((part) => (part.type === "tool_call" ? [part.name] : []));
}

async function readAll(store: Store<never>, sessionId: SessionId): Promise<readonly LogRow[]> {
  const rows: LogRow[] = [];
  for (;;) {
    const page = await store.log.read(sessionId, { after: rows.length, limit: 500 });
    rows.push(...page);
    if (page.length < 500) return rows;
  }
}
