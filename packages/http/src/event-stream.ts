import type { TurnEvent } from "@pawl/core";
import { SECURITY_HEADERS } from "./answer.ts";
import { wireEvent } from "./wire/event.ts";

export interface EventStreamOptions {
  /** Ends the stream cleanly: the client left, or the server is about to stop. */
  readonly signal: AbortSignal;
  /** How often a silent stream says that it lives, in milliseconds. */
  readonly heartbeatMs: number;
  /** Called once when nothing more is read or sent. */
  readonly onClose?: () => void;
  /** Told of an error that cut the stream. */
  readonly onError: (thrown: unknown) => void;
}

/**
 * Events as server-sent events: `id` is the event's id (what `Last-Event-ID` takes) and `data` its wire shape; there is no
 * `event` field, so that one `onmessage` hears all.
 *
 * The source is asked for the next event when the client has taken the last one, so a slow client costs no memory here. An
 * error cuts the stream: what the client does on its own, connecting again with `Last-Event-ID`, is the right answer to it.
 */
export function eventStream(
  open: (signal: AbortSignal) => AsyncIterable<TurnEvent>,
  { signal, heartbeatMs, onClose = () => {}, onError }: EventStreamOptions,
): Response {
  const ended = new AbortController();
  const events = open(ended.signal)[Symbol.asyncIterator]();
  const whenEnded = new Promise<"ended">((resolve) => {
    ended.signal.addEventListener("abort", () => resolve("ended"), { once: true });
  });
  const encoder = new TextEncoder();
  let pending: Promise<IteratorResult<TurnEvent>> | undefined;
  let body: ReadableStreamDefaultController<Uint8Array> | undefined;
  let pulling = false;
  let isClosed = false;

  const close = () => {
    if (isClosed) return;
    isClosed = true;
    signal.removeEventListener("abort", end);
    ended.abort();
    // The source may be in the midst of waiting; it ends by its signal, and what it then says is nobody's concern.
    void pending?.catch(() => undefined);
    void events.return?.()?.then(undefined, () => undefined);
    onClose();
  };
  /** Told to end; also while the client takes nothing, so that nothing is kept open for it. */
  const end = () => {
    if (pulling) return ended.abort();
    close();
    body?.close();
  };
  signal.addEventListener("abort", end, { once: true });

  const stream = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        body = controller;
        // The first bytes tell client and proxies that the stream is open, before anything has happened.
        controller.enqueue(encoder.encode(": open\n\n"));
        if (signal.aborted) end();
      },
      async pull(controller) {
        pulling = true;
        pending ??= events.next();
        const heart = startHeart(heartbeatMs);
        try {
          const next = await Promise.race([pending, whenEnded, heart.beat]);
          if (next === "heartbeat") return controller.enqueue(encoder.encode(": alive\n\n"));
          if (next === "ended" || next.done) {
            close();
            return controller.close();
          }
          pending = undefined;
          controller.enqueue(encoder.encode(encodeEvent(next.value)));
        } catch (thrown) {
          const wanted = ended.signal.aborted;
          close();
          if (wanted) return controller.close();
          onError(thrown);
          controller.error(thrown);
        } finally {
          pulling = false;
          heart.stop();
        }
      },
      cancel: close,
    },
    { highWaterMark: 1 },
  );
  return new Response(stream, {
    headers: {
      ...SECURITY_HEADERS,
      "content-type": "text/event-stream; charset=utf-8",
      "x-accel-buffering": "no",
    },
  });
}

function encodeEvent(event: TurnEvent): string {
  // JSON.stringify writes line breaks as \n, so the data is one line.
  return `id: ${event.id}\ndata: ${JSON.stringify(wireEvent(event))}\n\n`;
}

function startHeart(ms: number): { readonly beat: Promise<"heartbeat">; stop(): void } {
  const { promise, resolve } = Promise.withResolvers<"heartbeat">();
  const timer = setTimeout(() => resolve("heartbeat"), ms);
  return { beat: promise, stop: () => clearTimeout(timer) };
}
