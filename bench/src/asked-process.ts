import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

/** A program of this folder in a process of its own, which is asked over IPC; see `answer-questions.ts`. */
export interface AskedProcess {
  readonly pid: number;
  /** One question at a time. @throws Error with the program's own words */
  ask(method: string, args: readonly unknown[]): Promise<unknown>;
  /** Ends it as a power cut would. Resolves when it is gone. */
  kill(): Promise<void>;
  /** Asks it to close, and ends it. */
  close(): Promise<void>;
}

const CLOSE_MS = 5_000;
const KEPT_CHARACTERS = 4_000;

/** @throws Error with the program's own words when it does not start */
export async function startAskedProcess(
  file: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<AskedProcess> {
  const child = fork(file, [...args], {
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    // Advice to developers of their own would only hide what goes wrong here.
    env: { ...process.env, NODE_NO_WARNINGS: "1", ...env },
  });
  const exited = once(child, "exit");
  // A question to a process that has just ended is an error of the child, too.
  child.on("error", () => undefined);
  // What it says is told only where it fails.
  let said = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-KEPT_CHARACTERS);
  });
  const kill = async () => {
    child.kill("SIGKILL");
    await exited;
  };
  try {
    await answerOf(child);
  } catch (cause) {
    await kill();
    throw new Error([(cause as Error).message, said].join("\n").trim(), { cause });
  }
  const ask = async (method: string, args: readonly unknown[]) => {
    const ended = child.exitCode ?? child.signalCode;
    if (ended !== null) throw new Error(`The process ended with ${ended}.`);
    child.send({ method, args });
    return await answerOf(child);
  };
  return {
    pid: child.pid!,
    ask,
    kill,
    async close() {
      const late = new Promise((resolve) => setTimeout(resolve, CLOSE_MS).unref());
      await Promise.race([ask("close", []).catch(() => undefined), late]);
      await kill();
    },
  };
}

async function answerOf(child: ChildProcess): Promise<unknown> {
  const stop = new AbortController();
  try {
    const [answer] = (await Promise.race([
      once(child, "message", { signal: stop.signal }),
      once(child, "exit", { signal: stop.signal }).then(([code, signal]) => {
        throw new Error(`The process ended with ${code ?? signal}.`);
      }),
    ])) as [{ value?: unknown; error?: string }];
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.value;
  } finally {
    stop.abort();
  }
}
