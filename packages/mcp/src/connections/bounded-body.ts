/*
 * Bodies of a server's answers, with an upper bound per message: a whole JSON body is one message, of an event stream
 * each event is.
 */

const NEWLINE = 10;
const RETURN = 13;

export interface BodyWatch {
  /** Called once when a message is larger than the bound; the body ends with the same error. */
  readonly tooLarge: () => Error;
  /** Called once when the body ends, by itself or not. */
  readonly ended: (failure: unknown) => void;
}

/** The response with its body bounded and watched. A response without a body is returned as it is. */
export function boundBody(response: Response, maxMessageBytes: number, watch: BodyWatch): Response {
  const { body } = response;
  if (body === null) {
    watch.ended(undefined);
    return response;
  }
  const isEvents = (response.headers.get("content-type") ?? "").includes("text/event-stream");
  const reader = body.getReader();
  const count = isEvents ? countEvents() : countAll();
  const bounded = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (done) {
          watch.ended(undefined);
          controller.close();
          return;
        }
        if (count(value) > maxMessageBytes) throw watch.tooLarge();
        controller.enqueue(value);
      } catch (failure) {
        watch.ended(failure);
        void reader.cancel(failure).catch(() => {});
        controller.error(failure);
      }
    },
    cancel: (reason) => {
      watch.ended(reason);
      return reader.cancel(reason);
    },
  });
  return new Response(bounded, {
    status: response.status,
    statusText: response.statusText,
    headers: response.headers,
  });
}

function countAll(): (chunk: Uint8Array) => number {
  let bytes = 0;
  return (chunk) => {
    bytes += chunk.length;
    return bytes;
  };
}

/** The size of the largest event that this chunk contains or continues; an empty line ends an event. */
function countEvents(): (chunk: Uint8Array) => number {
  let bytes = 0;
  let lineIsEmpty = true;
  return (chunk) => {
    let largest = bytes;
    for (const byte of chunk) {
      bytes++;
      if (bytes > largest) largest = bytes;
      if (byte === NEWLINE) {
        if (lineIsEmpty) bytes = 0;
        lineIsEmpty = true;
      } else if (byte !== RETURN) lineIsEmpty = false;
    }
    return largest;
  };
}
