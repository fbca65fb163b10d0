/**
 * One session as its client sees it, over any number of transports.
 *
 *     offline ──connected──► greeting ──welcomed──► open ──lost──► offline ─ … ─► ended
 *
 * P14 What a peer numbers arrives once and in order: repeated numbers are dropped, a gap gives the transport up so
 *     that the session is resumed from the last number that arrived.
 * P15 Nothing is sent in `greeting` but the hello.
 */
export type ClientPhase = "offline" | "greeting" | "open" | "ended";

export type ClientEvent = "connected" | "welcomed" | "lost" | "end";

export const CLIENT_TRANSITIONS: Readonly<Record<ClientPhase, Partial<Record<ClientEvent, ClientPhase>>>> = {
  offline: { connected: "greeting", end: "ended" },
  greeting: { welcomed: "open", lost: "offline", end: "ended" },
  open: { lost: "offline", end: "ended" },
  ended: {},
};
