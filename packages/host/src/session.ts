import {
  agentRef,
  inputId,
  jsonSchemaOf,
  loadJsonDigest,
  PawlError,
  type SessionId,
  turnIdOfInput,
} from "@pawl/core";
import type { NewInput, SessionRecord, Store } from "@pawl/core/ports";
import { jsonSchemaCheck } from "@pawl/effects";
import type { AcceptHere } from "./accept-here.ts";
import { checkInput } from "./check-input.ts";
import { lettersOf } from "./dead-letters.ts";
import { eraseSession } from "./erase-session.ts";
import { followTree } from "./follow-tree.ts";
import { refersTo, storedFile, storedParts } from "./input-parts.ts";
import type { KnownSchemas } from "./known-schemas.ts";
import type { SendContent, SendOptions } from "./send-options.ts";
import type { Session } from "./session-handle.ts";
import type { SessionNames } from "./session-names.ts";
import { createTurnHandle, type TurnHandleOptions } from "./turn.ts";
import type { Turn } from "./turn-handle.ts";
import { writeTurnRequest } from "./turn-request.ts";
import { summariseTurns } from "./turn-summaries.ts";
import { turnWithOutput } from "./turn-with-output.ts";
import { verifyErased, verifySession } from "./verify-session.ts";

/** How often a drain looks whether anybody drives the session still, in milliseconds. */
const DRAIN_LOOK_MS = 50;

export interface SessionHandleOptions<Tx> extends Omit<TurnHandleOptions, "store"> {
  readonly store: Store<Tx>;
  readonly schemas: KnownSchemas;
  readonly acceptHere: AcceptHere;
}

export function createSessionHandle<Tx>(id: SessionId, options: SessionHandleOptions<Tx>): Session<Tx> {
  const { store, names, schemas, clock, newId, hold, poke, due, observer, acceptHere } = options;
  const shown = names.shown(id);
  const turns: TurnHandleOptions = { ...options, store: store as unknown as Store<never> };

  async function setPaused(paused: boolean): Promise<void> {
    if (!(await store.sessions.setPaused(id, paused))) throw unknown();
  }
  const unknown = () =>
    new PawlError("session_unknown", `There is no session "${shown}". Its first input makes it.`);

  async function send(content: SendContent, asked: SendOptions<Tx> = {}): Promise<Turn> {
    checkInput(content, asked);
    const { delivery = "next", idempotencyKey, at, tx, agent, output, queue } = asked;
    const { model, limits, narrow, environment: tools, ask, grant } = asked;
    const schema = output ?? (typeof agent === "object" ? agent.output : undefined);
    const form = output && jsonSchemaOf(output, "the answer");
    if (form !== undefined && output !== undefined) {
      // Where the schema itself is not known, its JSON Schema is what an answer is checked by.
      await jsonSchemaCheck(form);
      schemas.add(form, output);
    }
    const newInputId = inputId(`in_${await nameOf(id, asked, newId)}`);
    const environment = writeTurnRequest({
      agent: typeof agent === "object" ? agentRef(agent) : agent,
      model,
      limits,
      narrow,
      environment: tools,
      ask,
      output: form && { schema: form },
      grant: grant && { tools: [grant.tools] },
      // With a key the same request must store the same again, whoever traces it.
      trace:
        idempotencyKey === undefined
          ? observer?.traceparent?.({ sessionId: id, turnId: turnIdOfInput(newInputId) })
          : undefined,
    });
    const parts = await storedParts(content, store.attachments);
    const sent: NewInput = {
      inputId: newInputId,
      sessionId: id,
      content: { parts, ...(environment !== undefined && { environment }) },
      delivery,
      ...(idempotencyKey !== undefined && { idempotencyKey }),
      ...(at !== undefined && { at }),
      ...(queue !== undefined && { queue }),
    };
    const { input, here } = await (tx === undefined
      ? acceptHere(id, (claim) => store.inbox.accept(sent, claim && { claim }))
      : store.inbox.accept(sent, { tx }).then((accepted) => ({ ...accepted, here: false })));
    if (at !== undefined) due(at);
    // Within the caller's transaction there is nothing to see yet; the store tells of it at the commit.
    if (tx === undefined && !here) poke(id, "send");
    const turn = createTurnHandle(turnIdOfInput(input.inputId), turns, { input, here });
    return schema === undefined ? turn : turnWithOutput(turn, schema);
  }

  return {
    id: shown,
    send,
    async turnOf(idempotencyKey) {
      const input = await store.inbox.load(inputId(`in_${await nameOf(id, { idempotencyKey }, newId)}`));
      return input === null ? null : createTurnHandle(turnIdOfInput(input.inputId), turns);
    },
    attach: (file) => storedFile(file, store.attachments),
    async attachment(ref) {
      const [messages, inputs] = await Promise.all([store.sessions.transcript(id), store.inbox.list(id)]);
      const said = inputs.map(({ content }) => content);
      return refersTo([...messages, ...said], ref) ? store.attachments.get(ref) : null;
    },
    transcript: () => store.sessions.transcript(id),
    inputs: () => store.inbox.list(id),
    async record() {
      const record = await store.sessions.load(id);
      return record && shownRecord(record, names);
    },
    retire: () => store.sessions.persistRuntimeState(id, "retired"),
    async stop() {
      await store.sessions.commitLifecycle(id, "stopped");
    },
    async destroy() {
      await store.sessions.commitLifecycle(id, "destroyed");
    },
    receipts: () => store.sessions.receipts(id),
    deadLetters: () => lettersOf(store.outbox, id, names),
    turns: (query) => summariseTurns(id, turns, query),
    async verify({ anchor } = {}) {
      const record = await store.sessions.load(id);
      const erased = record === null ? await store.retention.erased(id) : null;
      if (erased !== null) return verifyErased(shown, erased, anchor);
      if (record === null) throw unknown();
      const { lastDigest } = record;
      const [receipts, inputs, transcript] = await Promise.all([
        store.sessions.receipts(id),
        store.inbox.list(id),
        store.sessions.transcript(id),
      ]);
      const facts = { sessionId: id, receipts, inputs, transcript, lastDigest };
      return { ...verifySession(facts, await loadJsonDigest(), anchor), sessionId: shown };
    },
    pause: () => setPaused(true),
    async resume() {
      await setPaused(false);
      poke(id, "resume");
    },
    async drain({ maxMs = 30_000 } = {}) {
      await setPaused(true);
      const deadline = clock.now() + maxMs;
      const release = hold();
      try {
        for (;;) {
          if ((await store.sessions.load(id))?.holder === null) return { idle: true };
          const now = clock.now();
          if (now >= deadline) return { idle: false };
          await new Promise<void>((resolve) => clock.at(Math.min(deadline, now + DRAIN_LOOK_MS), resolve));
        }
      } finally {
        release();
      }
    },
    erase: (erase) => eraseSession({ store, clock }, id, shown, erase),
    events: (events = {}) =>
      followTree({ ...events, shown: names.shown, log: store.log, clock, hold, sessionId: id }),
  };
}

/** The record under the name that its reader knows. */
export function shownRecord(record: SessionRecord, names: SessionNames): SessionRecord {
  return { ...record, sessionId: names.shown(record.sessionId) };
}

/** With an idempotency key the id follows from it, so that the same request names the same turn everywhere. */
async function nameOf(
  session: SessionId,
  { idempotencyKey }: { readonly idempotencyKey?: string },
  newId: () => string,
): Promise<string> {
  if (idempotencyKey === undefined) return newId();
  const digest = await loadJsonDigest();
  return digest({ session, key: idempotencyKey }).slice(0, 32);
}
