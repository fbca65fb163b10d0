import { once } from "node:events";
import { type AddressInfo, createServer, connect as open, type Socket } from "node:net";

/** The network between one node and the database, on the loopback. */
export interface TcpProxy {
  readonly port: number;
  /** Every connection is dropped at once; new ones get through. */
  reset(): void;
  /** Nothing arrives any more in either direction, and nobody is told, until `thaw`. */
  freeze(): void;
  thaw(): void;
  close(): Promise<void>;
}

export async function startTcpProxy(target: {
  readonly host: string;
  readonly port: number;
}): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let frozen = false;

  function track(socket: Socket, other: () => Socket): void {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      sockets.delete(socket);
      other().destroy();
    });
    if (frozen) socket.pause();
  }

  const server = createServer((near) => {
    const far = open(target);
    track(near, () => far);
    track(far, () => near);
    near.on("data", (chunk) => far.write(chunk));
    far.on("data", (chunk) => near.write(chunk));
    if (frozen) for (const socket of [near, far]) socket.pause();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  return {
    port: (server.address() as AddressInfo).port,
    reset() {
      for (const socket of sockets) socket.destroy();
    },
    freeze() {
      frozen = true;
      for (const socket of sockets) socket.pause();
    },
    thaw() {
      frozen = false;
      for (const socket of sockets) socket.resume();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
