/**
 * Liveness of one connection (section 6.4). Both sides use the same rules.
 *
 * A peer that is silent for two intervals is dead. A side says ping when it has said nothing for an interval,
 * and also when it has heard nothing for an interval, because some peers only ever answer.
 */
export interface Heartbeat {
  intervalMs: number;
  lastReceivedAt: number;
  lastSentAt: number;
  lastPingAt: number;
}

export function newHeartbeat(intervalMs: number, now: number): Heartbeat {
  return { intervalMs, lastReceivedAt: now, lastSentAt: now, lastPingAt: now };
}

export type HeartbeatVerdict = "wait" | "ping" | "lost";

export function judgeHeartbeat(heartbeat: Heartbeat, now: number): HeartbeatVerdict {
  if (now >= lostAt(heartbeat)) return "lost";
  return now >= pingAt(heartbeat) ? "ping" : "wait";
}

/** When `judgeHeartbeat` has to be asked next. Milliseconds. */
export function nextHeartbeat(heartbeat: Heartbeat): number {
  return Math.min(lostAt(heartbeat), pingAt(heartbeat));
}

function lostAt(heartbeat: Heartbeat): number {
  return heartbeat.lastReceivedAt + 2 * heartbeat.intervalMs;
}

function pingAt(heartbeat: Heartbeat): number {
  const heardOrAsked = Math.max(heartbeat.lastReceivedAt, heartbeat.lastPingAt);
  return Math.min(heartbeat.lastSentAt, heardOrAsked) + heartbeat.intervalMs;
}
