/** Frames both ways. Sockets, pipes and memory look like this to the rest of the package. */
export interface Transport {
  /** Begins to deliver. Called once, before anything is sent. */
  start(handlers: TransportHandlers): void;
  /** Hands one text frame over. Never throws; after the end it does nothing. */
  send(frame: string): void;
  /** Bytes that were handed over and have not left this process. */
  readonly waiting: number;
  /** Ends it. `code` and `reason` reach the peer where the transport has them (WebSocket). */
  close(code?: number, reason?: string): void;
  /** Stops and resumes reading: what the peer sends meanwhile fills its own buffers. */
  pause?(): void;
  resume?(): void;
}

export interface TransportHandlers {
  /** A text frame, or the bytes of a binary one. */
  frame(data: string | Uint8Array): void;
  /** What was waiting has left; called after `waiting` was above what the transport takes at once. */
  drain(): void;
  /** The end, once, whoever caused it. */
  closed(info: { code: number; reason: string }): void;
}

/** Close codes of section 4's WebSocket binding, and ours from the private range. */
export const CLOSE_CODES = {
  normal: 1000,
  goingAway: 1001,
  refused: 4000,
  superseded: 4001,
  heartbeatLost: 4002,
  slowConsumer: 4003,
} as const;
