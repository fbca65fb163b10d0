import { type Json, PawlError, type SessionId, type TurnId } from "@pawl/core";
import type { Clock, Logger, Outbox, OutboxRecord } from "@pawl/core/ports";
import { createTimerLoop } from "@pawl/queue-runner";
import { outboxHandlerLate } from "./errors.ts";

/** What a commit left for the world outside (D23). */
export interface OutboxMessage {
  /** The same at each attempt: whoever receives it tells repetitions by it. */
  readonly id: string;
  readonly topic: string;
  readonly payload: Json;
  /** The session whose commit made it, under its whole id, and the turn or other run. */
  readonly sessionId: SessionId;
  readonly runId: TurnId;
  /** From 1. */
  readonly attempt: number;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

/** Delivered when it returns, not delivered when it throws. `signal` aborts when it takes too long or the host stops. */
export type OutboxHandler = (
  message: OutboxMessage,
  context: { readonly signal: AbortSignal },
) => Promise<unknown> | unknown;

/** By topic. Messages of other topics are left to hosts that handle them. */
export type OutboxHandlers = { readonly [topic: string]: OutboxHandler };

export interface OutboxMessagesOptions {
  readonly outbox: Outbox;
  readonly handlers: OutboxHandlers;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Uniform in [0, 1), for jitter. */
  readonly random: () => number;
}

export interface OutboxMessages {
  start(): void;
  /** Begins nothing new, tells what runs to stop, and waits for it; what was not delivered comes again. */
  stop(): Promise<void>;
  /** There may be some that are due. */
  hint(): void;
  /** Hands out what is due now, and resolves when nothing of it is under way any more. */
  drain(): Promise<void>;
}

/** Handed out at once, at most. */
const MOST_AT_ONCE = 16;
/** How long a handler may take, in milliseconds. */
const HANDLE_WITHIN_MS = 30_000;
/** Nobody else gets it meanwhile, and a handler that is told to stop has some time to do so. */
const HIDE_MS = 60_000;
/** About an hour; then it is a dead letter. */
const MOST_ATTEMPTS = 15;
const BACKOFF_MS = 1_000;
const MOST_BACKOFF_MS = 600_000;
const MESSAGE_CHARS = 2_000;

/**
 * Hands messages of the outbox to the handlers of this process: at least once, of each session and topic in the order of the commits, a
 * failing one again later and later, and in the end left as a dead letter that the following ones do not wait for.
 */
export function createOutboxMessages(options: OutboxMessagesOptions): OutboxMessages {
  const { outbox, handlers, clock, logger, random } = options;
  const topics = Object.keys(handlers);
  const inFlight = new Set<Promise<void>>();
  const stopping = new AbortController();
  let unlisten = () => {};
  const loop = createTimerLoop({ due: handOut, clock, logger, random });

  async function handOut(): Promise<{ readonly fired: number; readonly nextDueAt: number | null }> {
    const limit = MOST_AT_ONCE - inFlight.size;
    if (limit <= 0 || stopping.signal.aborted) return { fired: 0, nextDueAt: null };
    const records = await outbox.take({ topics, limit, hideMs: HIDE_MS });
    for (const record of records) {
      const delivery = deliver(record)
        .catch((cause: unknown) => {
          // It comes again when its time is over.
          const { code, message } = PawlError.from(cause);
          logger.warn("an outbox message could not be settled", { id: record.id, code, message });
        })
        .finally(() => {
          inFlight.delete(delivery);
          // The next of its session and topic may be due, and there is room again.
          loop.hint();
        });
      inFlight.add(delivery);
    }
    return { fired: records.length, nextDueAt: null };
  }

  async function deliver({ id, item, attempts, ...facts }: OutboxRecord): Promise<void> {
    if (item.type !== "message") return;
    const { topic, payload } = item;
    const { sessionId, runId, createdAt } = facts;
    const message = { id, topic, payload, sessionId, runId, attempt: attempts, createdAt };
    try {
      await handled(message);
    } catch (thrown) {
      if (stopping.signal.aborted) return;
      await postpone(message, PawlError.from(thrown, "outbox_delivery_failed"));
      return;
    }
    await outbox.delivered(id, attempts);
  }

  async function handled(message: OutboxMessage): Promise<void> {
    // The host may have begun to stop while they were taken, and nobody would tell the handler.
    stopping.signal.throwIfAborted();
    const told = new AbortController();
    const late = Promise.withResolvers<never>();
    const onStop = () => {
      told.abort(stopping.signal.reason);
      late.reject(stopping.signal.reason);
    };
    const cancelTimer = clock.at(clock.now() + HANDLE_WITHIN_MS, () => {
      const cause = outboxHandlerLate(message.topic, HANDLE_WITHIN_MS);
      told.abort(cause);
      late.reject(cause);
    });
    stopping.signal.addEventListener("abort", onStop, { once: true });
    try {
      const handling = (async () => handlers[message.topic]!(message, { signal: told.signal }))();
      await Promise.race([handling, late.promise]);
    } finally {
      cancelTimer();
      stopping.signal.removeEventListener("abort", onStop);
    }
  }

  async function postpone(
    { id, topic, attempt }: OutboxMessage,
    { code, message }: PawlError,
  ): Promise<void> {
    const ceiling = Math.min(MOST_BACKOFF_MS, BACKOFF_MS * 2 ** (attempt - 1));
    const retryAfterMs = attempt >= MOST_ATTEMPTS ? null : Math.round((ceiling * (1 + random())) / 2);
    const failure = {
      code,
      message: message.slice(0, MESSAGE_CHARS).toWellFormed().replaceAll("\0", "\ufffd"),
    };
    await outbox.failed(id, attempt, failure, retryAfterMs);
    const say = retryAfterMs === null ? logger.error : logger.warn;
    const what = retryAfterMs === null ? "an outbox message is a dead letter" : "an outbox message failed";
    say(what, { id, topic, attempt, code, message, retryAfterMs });
    if (retryAfterMs !== null) loop.hint(clock.now() + retryAfterMs);
  }

  return {
    start() {
      unlisten = outbox.onMessage(() => loop.hint());
      loop.start();
    },
    async stop() {
      unlisten();
      stopping.abort(new DOMException("The host is stopping.", "AbortError"));
      await loop.stop();
      await Promise.all(inFlight);
    },
    hint: () => loop.hint(),
    async drain() {
      for (;;) {
        const { fired } = await handOut();
        if (fired === 0 && inFlight.size === 0) return;
        if (inFlight.size > 0) await Promise.race(inFlight);
      }
    },
  };
}
