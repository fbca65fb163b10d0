import {
  isPawlError,
  type JsonDigest,
  loadJsonDigest,
  type NodeId,
  nodeId,
  type SessionId,
  sessionId,
} from "@pawl/core";
import type { InputRecord, NewInput, NodeLease, SessionClaim, Store } from "@pawl/core/ports";
import type { StoreCapabilities, StoreUnderTest } from "./capabilities.ts";
import { BEHAVIOUR_NOW, newInput } from "./fixtures.ts";
import { Held } from "./held.ts";
import type { Matchers, TestRunner } from "./runner.ts";

export const HOUR_MS = 3_600_000;
const PATIENCE_MS = 20_000;

/** What a case has in hand: one fresh store, and ways to use it and to look at it. */
export class StoreTest {
  readonly capabilities: StoreCapabilities;
  store: Store;
  /** Assertions made. A case without any is a mistake of the suite. */
  assertions = 0;
  readonly #under: StoreUnderTest;
  readonly #expect: TestRunner["expect"];
  readonly #opened: Set<Store>;

  constructor(under: StoreUnderTest, expect: TestRunner["expect"], store: Store) {
    this.#under = under;
    this.#expect = expect;
    this.capabilities = under.capabilities;
    this.store = store;
    this.#opened = new Set([store]);
  }

  async dispose(): Promise<void> {
    for (const store of this.#opened) await (this.#under.dispose?.(store) ?? store.close());
  }

  /** A store of its own, which shares nothing with `store`. */
  async another(): Promise<Store> {
    return this.#keep(await this.#under.createStore());
  }

  /** Needs the capability. From here on `store` is the reopened one. */
  async reopen(): Promise<void> {
    const { reopen } = this.capabilities;
    if (!reopen) throw new Error("A case that reopens must say that it needs to.");
    const old = this.store;
    this.store = this.#keep(await reopen(old));
    this.#opened.delete(old);
  }

  /** A second store over the same data, or the same store where there is one process only. */
  async second(): Promise<Store> {
    const { second } = this.capabilities;
    return second ? this.#keep(await second(this.store)) : this.store;
  }

  #keep(store: Store): Store {
    this.#opened.add(store);
    return store;
  }

  // Asserting

  expect(actual: unknown, message?: string): Matchers {
    this.assertions += 1;
    return this.#expect(actual, message);
  }

  /** The promise is rejected with a PawlError of this code. */
  async refused(
    promise: Promise<unknown>,
    code: string,
    message = `must be refused as ${code}`,
  ): Promise<void> {
    const end = await promise.then(
      (value) => ({ resolvedTo: value }),
      (error: unknown) => (isPawlError(error) ? error.code : { threw: String(error) }),
    );
    this.expect(end, message).toBe(code);
  }

  /** Everything that can be seen of the sessions is as before once `action` has ended. */
  async unchanged(sessions: readonly string[], action: () => Promise<unknown>): Promise<void> {
    const before = await this.pictures(sessions);
    await action();
    this.expect(await this.pictures(sessions), "nothing may have changed").toEqual(before);
  }

  /** Asks again and again until the answer is not undefined; between, the store's clock moves on by `stepMs`. */
  async until<T>(what: string, ask: () => Promise<T | undefined>, stepMs = 50): Promise<T> {
    const patienceMs = this.#under.patienceMs ?? PATIENCE_MS;
    const end = Date.now() + patienceMs;
    for (;;) {
      const answer = await ask();
      if (answer !== undefined) return answer;
      if (Date.now() > end) throw new Error(`Waited ${patienceMs} ms in vain until ${what}.`);
      if (this.capabilities.advance) await this.capabilities.advance(this.store, stepMs);
      else await new Promise((resolve) => setTimeout(resolve, stepMs));
    }
  }

  // Looking

  /** Who drives it is no part of it: that is over when the process is. */
  async picture(name: string, store: Store = this.store) {
    const id = sessionId(name);
    const record = await store.sessions.load(id);
    return {
      record: record && { ...record, holder: null },
      transcript: await store.sessions.transcript(id),
      receipts: await store.sessions.receipts(id),
      inputs: await store.inbox.list(id),
      log: await store.log.read(id),
    };
  }

  async pictures(names: readonly string[]) {
    const pictures = [];
    for (const name of names) pictures.push(await this.picture(name));
    return pictures;
  }

  digest(): Promise<JsonDigest> {
    return loadJsonDigest();
  }

  // Using

  async accept(id: string, session = "s1", more: Partial<NewInput> = {}): Promise<InputRecord> {
    return (await this.store.inbox.accept(newInput(id, session, more))).input;
  }

  /** A lease that will not run out within a case, unless it asks for less. */
  node(name = "node-a", ttlMs = HOUR_MS): Promise<NodeLease> {
    return this.store.leases.openNode(nodeId(name) as NodeId, { ttlMs });
  }

  claim(lease: NodeLease, session?: string, limit = 100): Promise<readonly SessionClaim[]> {
    return this.store.leases.claim(lease, {
      limit,
      behaviours: [BEHAVIOUR_NOW],
      ...(session !== undefined && { sessionId: sessionId(session) }),
    });
  }

  /** The ids of what this node gets when it asks for anything. */
  async claimedIds(lease: NodeLease): Promise<readonly SessionId[]> {
    return (await this.claim(lease)).map((claim) => claim.sessionId);
  }

  /** Claims this session, which must be possible. */
  async hold(lease: NodeLease, session = "s1"): Promise<Held> {
    const claims = await this.claim(lease, session);
    this.expect(
      claims.map((claim) => claim.sessionId),
      `"${session}" must be claimable`,
    ).toEqual([session]);
    return new Held(this.store, claims[0]!);
  }

  /** A session whose first input has begun a turn, held by a node of its own. */
  async working(session = "s1", input = `in_${session}`): Promise<Held> {
    await this.accept(input, session);
    const held = await this.hold(await this.node(`node-of-${session}`), session);
    await held.begin([input]);
    return held;
  }
}
