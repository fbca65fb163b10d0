// A pooler in transaction mode, as PgBouncer is: a client keeps a server connection only until its transaction ends, and the next one
// runs wherever there is room. Connections of the server are logged in by the clients that came first, all as one user.
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

interface Backend {
  readonly socket: Socket;
  client: Socket | undefined;
  rest: Buffer;
}

export interface TransactionPooler extends AsyncDisposable {
  readonly url: string;
  /** How often a client went on with another server connection than the one before. */
  readonly moves: number;
}

const READY = 0x5a;
const IDLE = 0x49;
const TERMINATE = 0x58;

export async function transactionPooler(url: string): Promise<TransactionPooler> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  const idle: Backend[] = [];
  const waiting: (() => void)[] = [];
  let moves = 0;

  function keep(socket: Socket): void {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  }

  /** Hands on what the server says, and takes the connection back when it says that its transaction is over. */
  function listenTo(backend: Backend, released: () => void): void {
    backend.socket.on("data", (chunk: Buffer) => {
      backend.client?.write(chunk);
      let data = Buffer.concat([backend.rest, chunk]);
      while (data.length >= 5) {
        const length = 1 + data.readInt32BE(1);
        if (data.length < length) break;
        const isOver = data[0] === READY && data[5] === IDLE;
        data = data.subarray(length);
        if (!isOver) continue;
        backend.client = undefined;
        idle.push(backend);
        released();
      }
      backend.rest = data;
    });
  }

  const server = createServer((client) => {
    keep(client);
    const own = connect(Number(target.port), target.hostname);
    keep(own);
    const first: Backend = { socket: own, client, rest: Buffer.alloc(0) };
    let current: Backend | undefined = first;
    let last = first;
    let queued: Buffer[] = [];
    const release = () => waiting.shift()?.();
    listenTo(first, () => release());

    const send = () => {
      if (queued.length === 0) return;
      if (current?.client !== client) {
        // Not the one that it had, where there is a choice.
        const other = idle.findIndex((backend) => backend !== last);
        const [backend] = idle.splice(Math.max(other, 0), 1);
        if (backend === undefined) return void waiting.push(send);
        if (backend !== last) moves += 1;
        backend.client = client;
        current = backend;
        last = backend;
      }
      for (const chunk of queued) current.socket.write(chunk);
      queued = [];
    };
    client.on("data", (chunk: Buffer) => {
      // A client that leaves does not take the server's connection along.
      if (chunk[0] === TERMINATE && chunk.length === 5) return void client.end();
      queued.push(chunk);
      send();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The pooler has no port.");
  const near = new URL(url);
  near.port = String(address.port);
  return {
    url: near.href,
    get moves() {
      return moves;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
