import { inputId, PawlError, sessionId, type TurnEvent, turnId } from "@pawl/core";
import type { CancelRequest, SessionRecord } from "@pawl/core/ports";
import type { EventOptions, Host, SendOptions, Session, Turn, TurnExplanation, TurnResult } from "@pawl/host";

/** A host of one session and one turn, whose events and result a test hands in. */
export interface FakeHost {
  readonly host: Host;
  readonly sent: { readonly content: unknown; readonly options: SendOptions | undefined }[];
  readonly cancels: unknown[];
  /** How often an event was asked for. */
  pulls: number;
  events: readonly TurnEvent[];
  /** Events after `events` come when this resolves; never, by default. */
  more: Promise<unknown>;
  state: TurnExplanation["state"];
  result: TurnResult | undefined;
  failWith: Error | undefined;
  /** Streams that were closed by their reader. */
  closed: number;
}

export const SESSION = sessionId("s1");
export const TURN = turnId("turn_1");

const record: SessionRecord = {
  sessionId: SESSION,
  runtimeState: "idle",
  revision: 1,
  messageCount: 2,
  lastDigest: "abc",
  openTurn: null,
  parked: false,
  blocked: null,
  paused: false,
  holder: null,
  createdAt: 1_000,
};

async function notHere(): Promise<never> {
  throw new Error("No route asks for this.");
}

export function createFakeHost(): FakeHost {
  const fake: FakeHost = {
    host: undefined as unknown as Host,
    sent: [],
    cancels: [],
    pulls: 0,
    events: [],
    more: new Promise(() => undefined),
    state: "running",
    result: undefined,
    failWith: undefined,
    closed: 0,
  };

  async function* events({ after, signal }: EventOptions = {}): AsyncGenerator<TurnEvent> {
    try {
      let passed = after === undefined;
      for (const event of fake.events) {
        fake.pulls++;
        if (passed) yield event;
        if (event.id === after) passed = true;
        if (event.type === "turn.committed") return;
      }
      const aborted = new Promise<void>((resolve) => {
        if (signal?.aborted) resolve();
        signal?.addEventListener("abort", () => resolve());
      });
      await Promise.race([fake.more, aborted]);
      if (fake.failWith) throw fake.failWith;
    } finally {
      fake.closed++;
    }
  }

  const turn = (id: string): Turn => ({
    id: turnId(id),
    async result({ signal } = {}) {
      if (fake.result) return fake.result;
      signal?.throwIfAborted();
      return new Promise((_, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason));
      });
    },
    events,
    async cancel(options) {
      fake.cancels.push(options);
      if (id !== TURN) return { status: "unknown" };
      const evidence = { requestId: "r1", requestedAt: 5, origin: options?.origin ?? "?" };
      return { status: "requested", evidence } satisfies CancelRequest;
    },
    async explain() {
      if (fake.failWith) throw fake.failWith;
      if (id !== TURN) throw new PawlError("turn_unknown", "There is no such turn.");
      return { turnId: TURN, state: fake.state, why: "It runs on this node." };
    },
    input: async () => ({
      inputId: inputId("in_1"),
      sessionId: SESSION,
      content: { parts: [] },
      delivery: "next",
      position: 1,
      state: "queued",
      turnId: TURN,
      digest: "d",
      acceptedAt: 5,
      lastRunId: null,
      lastBoundarySequence: null,
    }),
    record: notHere,
    replay: notHere,
    fork: notHere,
    effects: notHere,
  });

  const session = (id: string): Session => ({
    id: sessionId(id),
    async send(content: unknown, options?: SendOptions) {
      fake.sent.push({ content, options });
      if (options?.idempotencyKey === "taken") throw new PawlError("store_conflict", "Other content.");
      return turn(TURN);
    },
    turnOf: notHere,
    attach: notHere,
    attachment: async () => null,
    async transcript() {
      return [
        { id: "m1", role: "user", parts: [{ type: "text", text: "hi" }] },
        { id: "m2", role: "assistant", parts: [{ type: "text", text: "ho", provider: { secret: 1 } }] },
      ];
    },
    inputs: async () => [],
    record: async () => (id === SESSION ? record : null),
    receipts: async () => [],
    deadLetters: async () => [],
    turns: notHere,
    verify: notHere,
    pause: notHere,
    resume: notHere,
    drain: notHere,
    retire: notHere,
    stop: notHere,
    destroy: notHere,
    erase: notHere,
    events,
  });

  const host: Host = {
    as: () => host,
    session,
    turn,
    sessions: async ({ limit = 1 } = {}) => Array.from({ length: Math.min(limit, 3) }, () => record),
    counts: notHere,
    nodes: { list: notHere, pause: notHere, resume: notHere, drain: notHere },
    waits: {
      list: async () => [],
      answer: async () => ({ status: "unknown_or_revoked" }),
      key: async () => Promise.reject(new PawlError("wait_unknown", "There is no such wait.")),
      resolve: notHere,
      look: notHere,
      link: notHere,
    },
    approvals: {
      list: async () => [],
      show: notHere,
      approve: notHere,
      deny: notHere,
      edit: notHere,
      link: notHere,
      open: notHere,
      answer: notHere,
      receipt: notHere,
      verify: notHere,
      publicKey: notHere,
    },
    tasks: {
      start: notHere,
      startNamed: notHere,
      list: notHere,
      get: notHere,
      transfer: notHere,
      deleteSession: notHere,
      report: notHere,
      signal: notHere,
      result: notHere,
      cancel: notHere,
    },
    deadLetters: { list: notHere, retry: notHere, discard: notHere },
    start: async () => undefined,
    stop: async () => undefined,
    pause: () => undefined,
    resume: () => undefined,
    drain: async () => ({ driven: 0 }),
    backlog: notHere,
    nodeLease: notHere,
    ready: async () => true,
    prune: notHere,
  };
  return Object.assign(fake, { host });
}

export function textDelta(seq: number, text: string): TurnEvent {
  return {
    id: `${seq}.0`,
    seq,
    turnId: TURN,
    at: 1_000 + seq,
    type: "text.delta",
    effectId: "0.model_call.0" as never,
    attempt: 0,
    text,
  };
}

export function committed(seq: number): TurnEvent {
  return {
    id: `${seq}.0`,
    seq,
    turnId: TURN,
    at: 1_000 + seq,
    type: "turn.committed",
    sequence: 0,
    digest: "d",
  };
}
