import { once } from "node:events";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";

/** What a WebSocket itself gives: frames of JSON between a client and a server on loopback, both in this process. */
export interface BareSocket {
  /** A frame there and two back, which are parsed at both ends: as many as a submission, its acceptance and its result. */
  roundTrip(n: number): Promise<void>;
  /** Resolves when so many frames, each written and parsed by itself, have come. */
  lines(count: number): Promise<void>;
  close(): Promise<void>;
}

/** What is used of the library that our transport stands on, which is taken from there. */
interface WebSockets {
  readonly WebSocketServer: new (options: {
    readonly host: string;
    readonly port: number;
  }) => NodeJS.EventEmitter & { address(): AddressInfo; close(): void };
}

type Socket = NodeJS.EventEmitter & { send(text: string): void };

interface Frame {
  readonly n: number;
  readonly lines?: number;
  readonly last?: boolean;
  readonly text: string;
}

const TEXT = "x".repeat(150);

export async function openBareSocket(): Promise<BareSocket> {
  const ours = createRequire(import.meta.resolve("@pawl/arcp-protocol/transports/websocket-server"));
  const { WebSocketServer } = ours("ws") as WebSockets;
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  server.on("connection", (socket: Socket) => {
    const send = (frame: Frame) => socket.send(JSON.stringify(frame));
    socket.on("message", (data: Buffer) => {
      const { n, lines = 1 } = JSON.parse(String(data)) as Frame;
      for (let i = 0; i < lines; i++) send({ n, text: TEXT });
      send({ n, text: TEXT, last: true });
    });
  });
  const client = new WebSocket(`ws://127.0.0.1:${server.address().port}`);
  await once(client, "open");
  const waiting = new Map<number, () => void>();
  client.onmessage = ({ data }) => {
    const { n, last } = JSON.parse(String(data)) as Frame;
    if (last === true) waiting.get(n)?.();
  };
  let made = 0;
  const ask = async (lines: number) => {
    const n = made++;
    const done = Promise.withResolvers<void>();
    waiting.set(n, done.resolve);
    client.send(JSON.stringify({ n, lines, text: TEXT } satisfies Frame));
    await done.promise;
    waiting.delete(n);
  };
  return {
    roundTrip: () => ask(1),
    lines: (count) => ask(count - 1),
    async close() {
      client.close();
      server.close();
    },
  };
}
