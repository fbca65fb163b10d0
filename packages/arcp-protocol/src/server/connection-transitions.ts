/**
 * One connection as the runtime sees it.
 *
 *     awaiting_hello ──hello──► opening ──opened──► open ──end──► closed
 *
 * A hello is authenticated and a session opened or resumed while the connection is `opening`; frames that arrive
 * meanwhile wait in order. What is not in the table changes nothing.
 *
 * P8  Nothing but a hello (or the draft's session.resume) has any effect before `open`.
 * P9  Every refusal names its request; no refusal ends the connection except those of the hello itself.
 * P10 The end of a connection ends no session and no job.
 */
export type ConnectionPhase = "awaiting_hello" | "opening" | "open" | "closed";

export type ConnectionEvent = "hello" | "opened" | "refused" | "end";

export const CONNECTION_TRANSITIONS: Readonly<
  Record<ConnectionPhase, Partial<Record<ConnectionEvent, ConnectionPhase>>>
> = {
  awaiting_hello: { hello: "opening", end: "closed" },
  opening: { opened: "open", refused: "closed", end: "closed" },
  open: { end: "closed" },
  closed: {},
};
