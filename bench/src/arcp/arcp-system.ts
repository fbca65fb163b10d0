/** A client and a runtime that speak ARCP to one another over a WebSocket on loopback, both in this process. */
export interface ArcpSystem {
  /** Of the runtime. */
  readonly url: string;
  /** Submits a job that answers at once, and takes its result. @throws when the job does not succeed */
  roundTrip(n: number): Promise<void>;
  /** Runs one job that logs `count` times. @returns how many of its events the client was given */
  logLines(count: number): Promise<number>;
  /** One job that logs `count` times to so many clients, which have subscribed before. @returns milliseconds until each has all of them */
  broadcast(count: number, subscribers: number): Promise<number>;
  close(): Promise<void>;
}

/** The token that every client shows. */
export const TOKEN = "bench";

/** What a job waits for before it logs, and how many lines that will be. */
export interface Broadcast {
  readonly count: number;
  readonly subscribed: Promise<void>;
}
