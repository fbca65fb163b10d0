/** How much may wait in one connection's transport. Sizes in bytes as the transport counts them. */
export interface BackpressureLimits {
  /** Above this no further event is handed over until the transport has drained. */
  pauseEventsAbove: number;
  /** Above this the runtime stops reading: whoever sends without reading is slowed by its own socket. */
  pauseReadingAbove: number;
  /** Above this the connection is given up. Its session stays and can be resumed. */
  closeAbove: number;
}

export const defaultBackpressureLimits: BackpressureLimits = {
  pauseEventsAbove: 1024 * 1024,
  pauseReadingAbove: 2 * 1024 * 1024,
  closeAbove: 16 * 1024 * 1024,
};

export type BackpressureVerdict = "flow" | "pause_events" | "pause_reading" | "close";

export function judgeBackpressure(waiting: number, limits: BackpressureLimits): BackpressureVerdict {
  if (waiting > limits.closeAbove) return "close";
  if (waiting > limits.pauseReadingAbove) return "pause_reading";
  return waiting > limits.pauseEventsAbove ? "pause_events" : "flow";
}
