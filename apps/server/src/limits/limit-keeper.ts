import { PawlError } from "@pawl/core";
import type { SessionCounts } from "@pawl/core/ports";
import type { HostView } from "@pawl/host";
import type { Principal } from "@pawl/http";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import type { Limits } from "./default-limits.ts";

/** Requests with tokens that let nobody in, from one address. Guessing 256 bits is hopeless; this is about the load. */
const STRANGERS_PER_MINUTE = 3_000;

export interface LimitKeeper {
  /** Counts a request. @throws PawlError `rate_limited` */
  request(principal: Principal): Promise<void>;
  /** Counts a job that is submitted. @throws PawlError `rate_limited` */
  submit(principal: Principal): Promise<void>;
  /** Counts a request that nobody known made. @throws PawlError `rate_limited` */
  stranger(address: string): Promise<void>;
  /** @throws PawlError `too_many_sessions`, `too_many_turns` */
  input(sessionId: string, principal: Principal, view: HostView): Promise<void>;
  /** Takes a place for a stream until the returned function is called. @throws PawlError `too_many_streams` */
  stream(principal: Principal): () => void;
}

export interface LimitKeeperOptions {
  readonly limits: Limits;
  readonly refused: (reason: string) => void;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** How long counts that are far from every limit are believed in: a burst must not look them up for each input. */
const RECENT_MS = 1_000;
const MOST_COUNTED = 10_000;

export function createLimitKeeper({ limits, refused, now = Date.now }: LimitKeeperOptions): LimitKeeper {
  const requests = limiter(limits.requestsPerMinute);
  const submits = limiter(limits.submitsPerMinute);
  const strangers = limiter(STRANGERS_PER_MINUTE);
  const streams = new Map<string, number>();
  const counted = new Map<string, { readonly at: number; readonly counts: SessionCounts; since: number }>();

  function refusal(code: string, message: string, retryAfterMs: number): PawlError {
    refused(code);
    return new PawlError(code, message, { blame: "peer", details: { retryAfterMs } });
  }

  async function consume(
    from: RateLimiterMemory | undefined,
    key: string,
    what = "requests",
    how = ", as the header Retry-After says",
  ): Promise<void> {
    try {
      await from?.consume(key);
    } catch (thrown) {
      if (!(thrown instanceof RateLimiterRes)) throw thrown;
      const seconds = Math.max(1, Math.ceil(thrown.msBeforeNext / 1_000));
      const message = `Too many ${what}: come again in ${seconds} s${how}.`;
      throw refusal("rate_limited", message, thrown.msBeforeNext);
    }
  }

  /** Looked up again only when it is old, or when what was let in since may have come near to a limit. */
  async function recentCounts(key: string, view: HostView): Promise<SessionCounts> {
    const known = counted.get(key);
    if (known !== undefined && now() - known.at < RECENT_MS && isFar(known.counts, ++known.since)) {
      return known.counts;
    }
    const counts = await view.counts();
    if (counted.size >= MOST_COUNTED) counted.clear();
    counted.set(key, { at: now(), counts, since: 0 });
    return counts;
  }

  function isFar({ sessions, ...rest }: SessionCounts, since: number): boolean {
    const open = rest.runningTurns + rest.parkedTurns + rest.blockedTurns + rest.queuedInputs;
    return (
      (sessions + since) * 2 < (limits.sessions || Infinity) &&
      (open + since) * 2 < (limits.openTurns || Infinity)
    );
  }

  return {
    async request(principal) {
      if (principal.operator !== true) await consume(requests, keyOf(principal));
    },
    async submit(principal) {
      if (principal.operator !== true) await consume(submits, keyOf(principal), "submissions", "");
    },
    stranger: (address) => consume(strangers, address),
    async input(sessionId, principal, view) {
      if (principal.operator === true) return;
      const { sessions, openTurns } = limits;
      if (sessions === 0 && openTurns === 0) return;
      const counts = await recentCounts(keyOf(principal), view);
      const open = counts.runningTurns + counts.parkedTurns + counts.blockedTurns + counts.queuedInputs;
      if (openTurns > 0 && open >= openTurns) {
        const message = `There are ${open} open turns, and ${openTurns} are allowed: let some end, or cancel some.`;
        throw refusal("too_many_turns", message, 5_000);
      }
      if (sessions > 0 && counts.sessions >= sessions && (await view.session(sessionId).record()) === null) {
        const message = `There are ${counts.sessions} sessions, and ${sessions} are allowed: go on in one of them.`;
        throw refusal("too_many_sessions", message, 60_000);
      }
    },
    stream(principal) {
      if (principal.operator === true || limits.streams === 0) return () => undefined;
      const key = keyOf(principal);
      const open = streams.get(key) ?? 0;
      if (open >= limits.streams) {
        const message = `There are ${open} open streams, and ${limits.streams} are allowed: close some.`;
        throw refusal("too_many_streams", message, 5_000);
      }
      streams.set(key, open + 1);
      let closed = false;
      return () => {
        if (closed) return;
        closed = true;
        const left = (streams.get(key) ?? 1) - 1;
        if (left > 0) streams.set(key, left);
        else streams.delete(key);
      };
    },
  };
}

function limiter(perMinute: number): RateLimiterMemory | undefined {
  return perMinute === 0 ? undefined : new RateLimiterMemory({ points: perMinute, duration: 60 });
}

function keyOf({ name, tenant }: Principal): string {
  return JSON.stringify([tenant ?? null, name]);
}
