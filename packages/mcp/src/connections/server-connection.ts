import { PawlError } from "@pawl/core";
import { type CacheClock, createSingleFlight, type McpClient, type McpServerFacts } from "@pawl/mcp-cache";
import { ConnectionLost, isPermanent, isSilence, peerError } from "../errors.ts";
import { type Backoff, reconnectDelayMs } from "./reconnect-policy.ts";

/*
 * One server as one session and principal see it: at most one live client, made when it is needed, made again with
 * backoff after it was lost, closed when nobody has used it for a while.
 *
 * N1  Whoever needs the client while it is being made shares the making; a caller that aborts stops nobody else's.
 * N2  After failures the next try waits; a try that succeeds but whose client never answers counts as a failure.
 * N3  Work is done again on a new client only if the server cannot have seen it, or the caller says that it may be.
 * N4  After `close` nothing is made again.
 * N5  While the next try is further away than the caller is patient, work fails at once with the last failure.
 */

const PING_TIMEOUT_MS = 5_000;

export interface ServerConnectionOptions {
  readonly server: string;
  readonly connect: (signal: AbortSignal) => Promise<McpClient>;
  readonly connectTimeoutMs: number;
  readonly clock: CacheClock;
  readonly random: () => number;
  readonly backoff: Backoff;
  /** After this long without work `onIdle` is called; 0: never. */
  readonly idleMs: number;
  readonly onIdle: () => void;
  readonly onToolsChanged: () => void;
  /** The client is gone: notices of its server may be missed from now on. */
  readonly onLost: (facts: McpServerFacts) => void;
}

export interface UseOptions {
  readonly signal?: AbortSignal | undefined;
  /** How often to try to connect; default as the backoff says. */
  readonly attempts?: number;
  /** Longest wait for the next try that the backoff allows, in milliseconds; when it is further away the work fails at once. */
  readonly patienceMs: number;
  /** The work may be done again although the server may have begun it. */
  readonly repeatable: boolean;
}

export interface ServerConnection {
  use<T>(work: (client: McpClient) => Promise<T>, options: UseOptions): Promise<T>;
  /** What the server said of itself when it was last connected. */
  facts(): McpServerFacts | undefined;
  isConnected(): boolean;
  close(): Promise<void>;
}

export function createServerConnection(options: ServerConnectionOptions): ServerConnection {
  const { clock, backoff } = options;
  const making = createSingleFlight<McpClient>({
    clock,
    // The client's own time-out speaks first and better; this one is for a transport that never settles.
    timeoutMs: options.connectTimeoutMs + 5_000,
    timedOut: () =>
      peerError("mcp_server_timeout", `Connecting to the MCP server "${options.server}" does not end.`),
  });
  let client: McpClient | undefined;
  let facts: McpServerFacts | undefined;
  let failures = 0;
  let notBefore = 0;
  let lastFailure: unknown;
  let busy = 0;
  let cancelIdle = () => {};
  const ending = new AbortController();
  let closed = false;
  let closing: Promise<void> | undefined;

  function noteFailure(thrown: unknown): void {
    failures++;
    lastFailure = thrown;
    notBefore = clock.now() + reconnectDelayMs(failures, backoff, options.random());
  }

  function make(signal?: AbortSignal): Promise<McpClient> {
    return making.run(
      "client",
      async (flight) => {
        try {
          const made = await options.connect(AbortSignal.any([flight.signal, ending.signal]));
          if (closed) {
            await made.close();
            throw closedError();
          }
          made.onToolsChanged(options.onToolsChanged);
          made.onClosed(() => {
            if (client !== made) return;
            client = undefined;
            options.onLost(made.facts);
          });
          client = made;
          facts = made.facts;
          return made;
        } catch (thrown) {
          noteFailure(thrown);
          throw thrown;
        }
      },
      signal,
    );
  }

  async function ready(
    attempts: number,
    patienceMs: number,
    signal: AbortSignal | undefined,
  ): Promise<McpClient> {
    for (let attempt = 1; ; attempt++) {
      if (closed) throw closedError();
      if (client !== undefined) return client;
      const wait = failures === 0 ? 0 : notBefore - clock.now();
      if (wait > patienceMs) throw resting(wait);
      if (wait > 0) await delay(clock, wait, signal);
      try {
        return await make(signal);
      } catch (thrown) {
        signal?.throwIfAborted();
        if (attempt >= attempts || isPermanent(thrown)) throw thrown;
      }
    }
  }

  function startIdling(): void {
    if (busy > 0 || options.idleMs === 0 || closed) return;
    cancelIdle();
    cancelIdle = clock.setTimer(() => {
      if (busy === 0) options.onIdle();
    }, options.idleMs);
  }

  function resting(waitMs: number): PawlError {
    const { code, message } = PawlError.from(lastFailure);
    return peerError(
      isPermanent(lastFailure) ? code : "mcp_server_unavailable",
      `${message} It failed ${failures} times in a row and is tried again in ${Math.ceil(waitMs / 1_000)} s.`,
      { cause: lastFailure },
    );
  }

  /** A server that was silent for too long and does not even answer a ping is ended; the next work gets a new one. */
  function probe(suspect: McpClient): void {
    suspect.ping({ timeoutMs: PING_TIMEOUT_MS }).catch(() => suspect.close());
  }

  function closedError(): PawlError {
    return new PawlError(
      "mcp_closed",
      `The connection to the MCP server "${options.server}" was closed by the host.`,
    );
  }

  return {
    async use(work, { signal, attempts = backoff.attempts, patienceMs, repeatable }) {
      busy++;
      cancelIdle();
      try {
        for (let round = 1; ; round++) {
          const current = await ready(attempts, patienceMs, signal);
          try {
            const result = await work(current);
            failures = 0;
            return result;
          } catch (thrown) {
            if (!(thrown instanceof ConnectionLost)) {
              if (isSilence(thrown)) probe(current);
              // A refusal is an answer: the server is alive.
              if (thrown instanceof PawlError && thrown.code === "mcp_protocol_error") failures = 0;
              throw thrown;
            }
            if (client === current) {
              client = undefined;
              options.onLost(current.facts);
            }
            void current.close();
            noteFailure(thrown);
            signal?.throwIfAborted();
            if (round >= backoff.attempts || (thrown.sent && !repeatable)) throw thrown;
          }
        }
      } finally {
        busy--;
        startIdling();
      }
    },
    facts: () => facts,
    isConnected: () => client !== undefined,
    async close() {
      closed = true;
      cancelIdle();
      ending.abort(closedError());
      closing ??= client?.close() ?? Promise.resolve();
      await closing;
    },
  };
}

function delay(clock: CacheClock, timeMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = clock.setTimer(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, timeMs);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
