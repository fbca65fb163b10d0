// A TCP proxy between a store and its database that can lose an answer: the statement runs, its response never arrives.
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

export interface FaultyProxy extends AsyncDisposable {
  readonly url: string;
  /** The next request that contains this text is passed on; when the database answers, the connection breaks instead. */
  loseAnswerTo(text: string): void;
  /** How many answers were lost. */
  readonly lost: number;
  /** Breaks every connection and refuses new ones until `heal`. */
  cut(): void;
  heal(): void;
}

export async function faultyProxy(url: string): Promise<FaultyProxy> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  let bait: string | undefined;
  let lost = 0;
  let isCut = false;

  const server = createServer((near) => {
    if (isCut) return void near.destroy();
    const far = connect(Number(target.port), target.hostname);
    let swallowing = false;
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.on("data", (chunk) => {
      if (bait !== undefined && chunk.includes(bait)) {
        bait = undefined;
        swallowing = true;
      }
      far.write(chunk);
    });
    far.on("data", (chunk) => {
      if (!swallowing) return void near.write(chunk);
      // A prepared statement is parsed first; only ReadyForQuery ("Z") says that it has run.
      if (chunk.at(-6) !== 0x5a) return;
      lost += 1;
      near.destroy();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The proxy has no port.");
  const near = new URL(url);
  near.port = String(address.port);
  return {
    url: near.href,
    loseAnswerTo(text) {
      bait = text;
    },
    get lost() {
      return lost;
    },
    cut() {
      isCut = true;
      for (const socket of sockets) socket.destroy();
    },
    heal() {
      isCut = false;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
