/** A client and a runtime that speak ARCP to one another over a WebSocket on loopback, both in this process. */
export interface ArcpSystem {
  /** Submits a job that answers at once, and takes its result. @throws when the job does not succeed */
  roundTrip(n: number): Promise<void>;
  /** Runs one job that logs `count` times. @returns how many of its events the client was given */
  logLines(count: number): Promise<number>;
  close(): Promise<void>;
}
