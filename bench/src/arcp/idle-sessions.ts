import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { programFile } from "../program-file.ts";
import { TOKEN } from "./arcp-system.ts";

/** Sessions that are opened at once. */
const AT_ONCE = 200;
/** Opened before the first look: what the first sessions load is not what a session costs. */
const FIRST = 500;

/** `small`: with `keepMemorySmall()`, as `pawl serve` has it; else with V8's defaults. */
export type IdleServer = readonly ["pawl", "small"] | readonly ["pawl" | "reference"];

/**
 * Opens sessions that do nothing, up to each of these numbers in turn.
 *
 * @returns by the number of sessions, the resident bytes of the runtime's process for each of them
 */
export async function bytesPerIdleSession(
  system: IdleServer,
  sizes: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  const server = fork(programFile("arcp/idle-server"), system, { execArgv: ["--expose-gc"] });
  const open: WebSocket[] = [];
  const bytes = new Map<number, number>();
  try {
    const url = String(await answerOf(server));
    await openSessions(url, FIRST, open);
    const before = await memoryOf(server);
    for (const size of sizes) {
      await openSessions(url, FIRST + size - open.length, open);
      bytes.set(size, ((await memoryOf(server)) - before) / size);
    }
    return bytes;
  } finally {
    server.kill("SIGKILL");
    for (const socket of open) socket.close();
  }
}

async function openSessions(url: string, count: number, open: WebSocket[]): Promise<void> {
  for (let from = 0; from < count; from += AT_ONCE) {
    const batch = Array.from({ length: Math.min(AT_ONCE, count - from) }, () => openSession(url));
    open.push(...(await Promise.all(batch)));
  }
}

/** By hand, so that one client serves every runtime and weighs little. */
function openSession(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url);
  const hello = {
    arcp: "1.1",
    id: `m-${crypto.randomUUID()}`,
    type: "session.hello",
    payload: {
      client: { name: "bench", version: "1" },
      auth: { scheme: "bearer", token: TOKEN },
      capabilities: { encodings: ["json"], features: [] },
    },
  };
  return new Promise((resolve, reject) => {
    socket.onopen = () => socket.send(JSON.stringify(hello));
    socket.onerror = () => reject(new Error(`No session could be opened at ${url}.`));
    socket.onmessage = ({ data }) => {
      if ((JSON.parse(String(data)) as { type: string }).type === "session.welcome") resolve(socket);
      else reject(new Error(`A session was answered with ${data}.`));
    };
  });
}

async function memoryOf(server: ChildProcess): Promise<number> {
  const answer = answerOf(server);
  server.send("memory");
  return Number(await answer);
}

async function answerOf(server: ChildProcess): Promise<unknown> {
  const stop = new AbortController();
  try {
    const [answer] = await Promise.race([
      once(server, "message", { signal: stop.signal }),
      once(server, "exit", { signal: stop.signal }).then(([code, signal]) => {
        throw new Error(`The runtime ended with ${code ?? signal}.`);
      }),
    ]);
    return answer;
  } finally {
    stop.abort();
  }
}
