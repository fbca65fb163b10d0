import { type WireEvent, wireEventSchema } from "@pawl/http";
import { createParser, type EventSourceMessage } from "eventsource-parser";
import { ConnectionLost, callServer, type ServerAddress } from "./http-call.ts";
import type { Patience } from "./patience.ts";

export interface EventSourceOptions {
  readonly address: () => Promise<ServerAddress>;
  readonly path: string;
  readonly signal: AbortSignal;
  readonly patience: Patience;
  /** Goes on after the end of a turn: the events are those of a session. */
  readonly endless?: boolean;
  /** The server says every 15 s that it lives; silence beyond this is a dead connection. */
  readonly silenceMs?: number;
}

/** No event is larger than a tool's bounded output; beyond this it is not our server that speaks. */
const MAX_EVENT_CHARS = 32 * 1024 * 1024;

/**
 * The events of a turn over as many connections as it takes: each goes on after the last event that was seen, so nothing is
 * missing and nothing comes twice. Ends after `turn.committed`, or when the signal aborts.
 */
export async function* followEvents(options: EventSourceOptions): AsyncGenerator<WireEvent, void, void> {
  const { address, path, signal, patience } = options;
  let last: string | undefined;
  while (!signal.aborted) {
    try {
      const headers = { accept: "text/event-stream", ...(last !== undefined && { "last-event-id": last }) };
      const response = await callServer(await address(), { method: "GET", path, headers, signal });
      // Everything was seen, and the turn is over.
      if (response.status === 204) return;
      for await (const message of readMessages(response, options)) {
        if (message === "sign_of_life") {
          patience.heard();
          continue;
        }
        last = message.id ?? last;
        const event = wireEventSchema.safeParse(parseJson(message.data));
        // A kind of event that this version does not know is nothing that it could show.
        if (!event.success) continue;
        yield event.data;
        if (event.data.type === "turn.committed" && event.data.path === undefined && !options.endless) return;
      }
      throw new ConnectionLost("The stream of events ended early");
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ConnectionLost)) throw error;
      await patience.afterLoss(error, signal).catch((reason: unknown) => {
        if (!signal.aborted) throw reason;
      });
    }
  }
}

async function* readMessages(
  response: Response,
  { signal, silenceMs = 45_000 }: EventSourceOptions,
): AsyncGenerator<EventSourceMessage | "sign_of_life", void, void> {
  if (response.body === null) return;
  let messages: EventSourceMessage[] = [];
  const parser = createParser({
    onEvent: (message) => messages.push(message),
    maxBufferSize: MAX_EVENT_CHARS,
  });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const cancel = () => void reader.cancel().catch(() => undefined);
  signal.addEventListener("abort", cancel, { once: true });
  try {
    for (;;) {
      const silent = setTimeout(cancel, silenceMs);
      const { done, value } = await reader.read().finally(() => clearTimeout(silent));
      if (done) return;
      parser.feed(value);
      yield "sign_of_life";
      const ready = messages;
      messages = [];
      yield* ready;
    }
  } catch (cause) {
    throw new ConnectionLost("The stream of events was cut off", { cause });
  } finally {
    signal.removeEventListener("abort", cancel);
    cancel();
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
