// The one connection that listens (D28).
//
// L1  It is a direct connection: behind a pooler LISTEN and session locks would land on somebody else's session. The process id
//     that the server gave at the start has to be the one that answers.
// L2  It proves itself by a round trip through the pool before it counts as live. Until then, and without it, polling is the truth.
// L3  When it breaks it comes back with a backoff, takes its advisory locks again and tells everybody to look once more.

import { isPawlError, PawlError } from "@pawl/core";
import type { Logger } from "@pawl/core/ports";
import type { ClientBase, Notification } from "pg";
import { backoffMs, pause } from "./pause.ts";
import { quoteIdentifier } from "./statement.ts";

/** A connection of its own, and how to end it. */
export interface ListenConnection {
  readonly client: ClientBase & { readonly processID?: number | null };
  readonly close: () => void;
}

export interface ListenerOptions {
  readonly connect: () => Promise<ListenConnection>;
  readonly channels: readonly string[];
  /** Sends this payload to this channel over another connection. */
  readonly send: (channel: string, payload: string) => Promise<unknown>;
  readonly onHint: (channel: string, payload: string) => void;
  /** Live from now on; hints may have been missed before. */
  readonly onLive: () => Promise<void> | void;
  readonly onLost: () => void;
  /** How long a notification may take to come round, in milliseconds; default 3000. */
  readonly proofMs?: number;
  readonly newId: () => string;
  readonly random: () => number;
  readonly logger: Logger;
}

interface Listening {
  readonly connection: ListenConnection;
  readonly ended: Promise<void>;
}

const PROOF_MS = 3000;
const FIRST_PAUSE_MS = 20;
const MOST_PAUSE_MS = 10_000;

export class Listener {
  readonly #options: ListenerOptions;
  readonly #stop = new AbortController();
  /** Made before it is needed; undefined inside where that failed. */
  #prepared: Promise<Listening | undefined> | undefined;
  #connection: ListenConnection | undefined;
  #live = false;
  #loop: Promise<void> | undefined;

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  get live(): boolean {
    return this.#live;
  }

  /** Begins to listen on a connection that `start` goes on with. Where that fails, `start` tells of it, or tries anew. */
  prepare(): void {
    this.#prepared = this.#connect().catch((error: unknown) => {
      if (isPawlError(error, "listen_impossible")) throw error;
      return undefined;
    });
    this.#prepared.catch(() => undefined);
  }

  /** There will be no start of what was prepared. */
  unprepare(): void {
    this.#prepared?.then(
      (listening) => listening?.connection.close(),
      () => undefined,
    );
    this.#prepared = undefined;
  }

  /** Resolves after the first attempt, whatever came of it. */
  start(): Promise<void> {
    return new Promise((tried) => {
      this.#loop ??= this.#run(tried);
    });
  }

  /** Takes the session-level advisory lock on this connection. False: not now; `onLive` will come again. */
  async lock(key: string): Promise<boolean> {
    const connection = this.#connection;
    if (!this.#live || connection === undefined) return false;
    const { rows } = await connection.client.query<{ taken: boolean | string }>(
      "select pg_try_advisory_lock($1::bigint) as taken",
      [key],
    );
    return rows[0]?.taken === true || rows[0]?.taken === "t";
  }

  async unlock(key: string): Promise<void> {
    if (this.#live) await this.#connection?.client.query("select pg_advisory_unlock($1::bigint)", [key]);
  }

  /** For a connection that looks alive and is not. */
  reconnect(): void {
    this.#connection?.close();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#connection?.close();
    await this.#loop;
  }

  async #run(tried: () => void): Promise<void> {
    const { logger, random } = this.#options;
    for (let failures = 0; !this.#stop.signal.aborted; ) {
      try {
        await this.#listen(() => {
          failures = 0;
          tried();
        });
      } catch (error) {
        if (this.#stop.signal.aborted) break;
        logger.warn("Nobody listens for hints of the database; polling goes on.", {
          error: messageOf(error),
        });
        tried();
        if (isPawlError(error, "listen_impossible")) break;
      }
      await pause(backoffMs(failures, FIRST_PAUSE_MS, MOST_PAUSE_MS, random), this.#stop.signal);
      failures += 1;
    }
    tried();
  }

  /** Until the connection ends. */
  async #listen(succeeded: () => void): Promise<void> {
    const { channels, onHint, onLive, onLost, logger } = this.#options;
    const prepared = this.#prepared;
    this.#prepared = undefined;
    const { connection, ended } = (await prepared) ?? (await this.#connect());
    let proven: (() => void) | undefined;
    const proof = { channel: channels[0] ?? "pawl", payload: `proof ${this.#options.newId()}` };
    connection.client.on("notification", ({ channel, payload = "" }: Notification) => {
      if (payload === proof.payload) proven?.();
      else if (!payload.startsWith("proof ")) onHint(channel, payload);
    });
    try {
      if (this.#stop.signal.aborted) return;
      const heard = new Promise<boolean>((resolve) => {
        proven = () => resolve(true);
        void ended.then(() => resolve(false));
        void pause(this.#options.proofMs ?? PROOF_MS, this.#stop.signal).then(() => resolve(false));
      });
      await this.#options.send(proof.channel, proof.payload);
      if (!(await heard)) {
        throw new PawlError(
          "listen_unproven",
          "A notification that was sent was not heard: check `listenUrl`.",
          {
            blame: "infrastructure",
          },
        );
      }
      this.#live = true;
      await onLive();
      succeeded();
      await ended;
      if (!this.#stop.signal.aborted) logger.warn("The connection that listens for hints was lost.");
    } finally {
      const wasLive = this.#live;
      this.#live = false;
      this.#connection = undefined;
      connection.close();
      // Whoever stops on purpose is not lost.
      if (wasLive && !this.#stop.signal.aborted) onLost();
    }
  }

  /** A direct connection that listens; whether it hears is not proven yet. */
  async #connect(): Promise<Listening> {
    const connection = await this.#options.connect();
    const { client } = connection;
    const ended = new Promise<void>((resolve) => {
      client.once("end", resolve);
      client.once("error", () => resolve());
    });
    client.on("error", () => undefined);
    this.#connection = connection;
    try {
      await this.#assertDirect(client);
      await client.query(this.#options.channels.map((c) => `listen ${quoteIdentifier(c)}`).join("; "));
      return { connection, ended };
    } catch (error) {
      this.#connection = undefined;
      connection.close();
      throw error;
    }
  }

  async #assertDirect(client: ListenConnection["client"]): Promise<void> {
    const { rows } = await client.query<{ pid: number | string }>("select pg_backend_pid() as pid");
    if (Number(rows[0]?.pid) === client.processID) return;
    throw new PawlError(
      "listen_impossible",
      "The connection goes through a pooler, so it cannot listen: give a direct `listenUrl`, or live with polling.",
    );
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
