import { ArcpPeerError, ArcpUsageError } from "../errors.ts";
import type { Transport, TransportHandlers } from "./transport.ts";

/** The part of the standard WebSocket that is used: browsers, Node ≥ 22, Deno, Bun, workers, and `ws` have it. */
export interface WebSocketLike {
  readonly bufferedAmount: number;
  binaryType: string;
  send(data: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: "open" | "close" | "message" | "error", listener: (event: never) => void): void;
}

export type WebSocketConstructor = new (url: string) => WebSocketLike;

/**
 * Opens a WebSocket. Rejects with `connect_failed`, or with the signal's reason; and with what no other attempt can mend:
 * `websocket_missing`, `invalid_options` for an address that is none.
 */
export function openWebSocket(
  url: string,
  options: { WebSocket?: WebSocketConstructor; signal?: AbortSignal } = {},
): Promise<Transport> {
  const Socket = options.WebSocket ?? (globalThis.WebSocket as unknown as WebSocketConstructor | undefined);
  if (Socket === undefined) {
    const message =
      'this platform has no WebSocket, as Node before 22: install the package "ws" and pass its WebSocket as the option of that name';
    return Promise.reject(new ArcpUsageError("websocket_missing", message));
  }
  return new Promise((resolve, reject) => {
    options.signal?.throwIfAborted();
    const socket = begun(Socket, url);
    socket.binaryType = "arraybuffer";
    const abort = () => {
      socket.close();
      reject(options.signal?.reason);
    };
    options.signal?.addEventListener("abort", abort, { once: true });
    const transport = new WebSocketClientTransport(socket);
    socket.addEventListener("open", () => {
      options.signal?.removeEventListener("abort", abort);
      resolve(transport);
    });
    const failed = () => {
      options.signal?.removeEventListener("abort", abort);
      reject(new ArcpPeerError("connect_failed", `no WebSocket connection to ${new URL(url).host}`));
    };
    socket.addEventListener("error", failed);
    socket.addEventListener("close", failed);
  });
}

/** Throws at once for an address that is none. */
function begun(Socket: WebSocketConstructor, url: string): WebSocketLike {
  try {
    return new Socket(url);
  } catch (cause) {
    const message = "the url is no address of a WebSocket: it looks like wss://host/arcp";
    throw new ArcpUsageError("invalid_options", message, { cause });
  }
}

class WebSocketClientTransport implements Transport {
  readonly #socket: WebSocketLike;
  /** Frames that came between the opening and `start`. */
  #early: (() => void)[] = [];
  #handlers: TransportHandlers | undefined;
  #ended = false;

  constructor(socket: WebSocketLike) {
    this.#socket = socket;
    socket.addEventListener("message", (event: { data: unknown }) => {
      const data = typeof event.data === "string" ? event.data : new Uint8Array(event.data as ArrayBuffer);
      this.#tell((handlers) => handlers.frame(data));
    });
    socket.addEventListener("close", (event: { code?: number; reason?: string }) => {
      this.#end(event.code ?? 1006, event.reason ?? "");
    });
    // Not every implementation follows an error of an open socket with a close.
    socket.addEventListener("error", () => this.#end(1006, "socket error"));
  }

  start(handlers: TransportHandlers): void {
    this.#handlers = handlers;
    const early = this.#early;
    this.#early = [];
    for (const tell of early) tell();
  }

  get waiting(): number {
    return this.#socket.bufferedAmount;
  }

  send(frame: string): void {
    if (this.#ended) return;
    try {
      this.#socket.send(frame);
    } catch {
      // It is closing; `closed` follows.
    }
  }

  close(code = 1000, reason = ""): void {
    // A browser lets a page send 1000 and 3000–4999 only.
    const allowed = code === 1000 || (code >= 3000 && code <= 4999);
    this.#socket.close(allowed ? code : 1000, reason);
    this.#end(code, reason);
  }

  #end(code: number, reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#tell((handlers) => handlers.closed({ code, reason }));
  }

  #tell(tell: (handlers: TransportHandlers) => void): void {
    if (this.#handlers !== undefined) tell(this.#handlers);
    else this.#early.push(() => this.#handlers !== undefined && tell(this.#handlers));
  }
}
