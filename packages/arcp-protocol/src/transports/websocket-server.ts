import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import type { Transport, TransportHandlers } from "./transport.ts";

export interface ServeWebSocketOptions {
  /** Called with every connection. */
  onTransport(transport: Transport, request: IncomingMessage): void;
  /** 0, the default, takes a free port. Ignored with `server`. */
  port?: number;
  /** Where to listen; the loopback interface by default. */
  host?: string;
  /** Attach to this server instead of making one. */
  server?: Server;
  /** Path of the endpoint; any path when absent. */
  path?: string;
  /** Frames larger than this end the connection with 1009. Bytes; larger than the limit of the decoder. */
  maxFrameBytes?: number;
}

export interface WebSocketEndpoint {
  /** `ws://host:port/path`, for an endpoint with a server of its own. */
  readonly url: string;
  close(): Promise<void>;
}

/** What the decoder refuses politely is let through by the socket; what is beyond that is not even buffered. */
const DEFAULT_MAX_FRAME_BYTES = 16 * 1024 * 1024;

/** Serves WebSocket connections with `ws`. Resolves when it listens. */
export async function serveWebSocket(options: ServeWebSocketOptions): Promise<WebSocketEndpoint> {
  const own = options.server === undefined;
  const server =
    options.server ?? createServer((_, response) => response.writeHead(426).end("WebSocket only\n"));
  const endpoint = new WebSocketServer({
    server,
    maxPayload: options.maxFrameBytes ?? DEFAULT_MAX_FRAME_BYTES,
    perMessageDeflate: false,
    skipUTF8Validation: false,
    ...(options.path === undefined ? {} : { path: options.path }),
  });
  endpoint.on("connection", (socket, request) => {
    options.onTransport(new WebSocketServerTransport(socket, request.socket), request);
  });
  // A broken handshake is answered by ws itself; nobody else needs to hear of it.
  endpoint.on("error", () => undefined);
  if (own) await listen(server, options.port ?? 0, options.host ?? "127.0.0.1");
  const address = server.address() as AddressInfo | null;
  const host = address?.family === "IPv6" ? `[${address.address}]` : address?.address;
  return {
    url: `ws://${host ?? "localhost"}:${address?.port ?? 0}${options.path ?? "/"}`,
    close: () =>
      new Promise((resolve) => {
        for (const socket of endpoint.clients) socket.terminate();
        endpoint.close(() => (own ? server.close(() => resolve()) : resolve()));
      }),
  };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** A broken connection is closed next. */
const ignore = () => undefined;

/** One accepted connection. Frames of one turn of the event loop leave in one write. */
class WebSocketServerTransport implements Transport {
  readonly #socket: WebSocket;
  readonly #raw: Socket;
  #corked = false;

  constructor(socket: WebSocket, raw: Socket) {
    this.#socket = socket;
    this.#raw = raw;
  }

  start(handlers: TransportHandlers): void {
    this.#raw.setNoDelay(true);
    this.#socket.on("message", (data, isBinary) => {
      handlers.frame(isBinary ? new Uint8Array(data as Buffer) : (data as Buffer).toString("utf8"));
    });
    this.#raw.on("drain", () => handlers.drain());
    this.#socket.on("error", ignore);
    this.#socket.on("close", (code, reason) => handlers.closed({ code, reason: reason.toString("utf8") }));
  }

  get waiting(): number {
    return this.#socket.bufferedAmount;
  }

  send(frame: string): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (!this.#corked) {
      this.#corked = true;
      this.#raw.cork();
      // Not nextTick: that runs before the promises of this turn, which an answer and its events come from.
      setImmediate(() => {
        this.#corked = false;
        this.#raw.uncork();
      });
    }
    this.#socket.send(frame);
  }

  close(code = 1000, reason = ""): void {
    this.#socket.close(code, reason);
    // A peer that does not answer the closing handshake must not keep the socket; ws gives it 30 s.
    this.#socket.resume();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }
}
