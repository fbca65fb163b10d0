import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { pathToFileURL } from "node:url";
import { programFile } from "../program-file.ts";
import type { Place, System } from "./system.ts";

type Answer<Method extends keyof System> = Awaited<ReturnType<NonNullable<System[Method]>>>;

/** A system in a process of its own, so that the garbage and the polls of one are not in the figures of another. */
export interface SystemProcess {
  readonly pid: number;
  /** One question at a time. @throws Error with the system's own words */
  ask<Method extends keyof System>(
    method: Method,
    ...args: Parameters<NonNullable<System[Method]>>
  ): Promise<Answer<Method>>;
  /** Resident bytes, as the process itself is told them. */
  residentBytes(): Promise<number>;
  /** Ends it as a power cut would. Resolves when it is gone. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

const CLOSE_MS = 5_000;
const KEPT_CHARACTERS = 4_000;

/** @param module a file in this folder, without its ending. @throws Error with the system's own words when it does not start */
export async function startSystem(module: string, place: Place): Promise<SystemProcess> {
  const { href } = pathToFileURL(programFile(`systems/${module}`));
  const child = fork(programFile("systems/system-process"), [href, place.url, place.folder, place.role], {
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    // Advice to developers of their own would only hide what goes wrong here.
    env: { ...process.env, NODE_NO_WARNINGS: "1", RESTATE_LOGGING: "ERROR" },
  });
  const exited = once(child, "exit");
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
    child.send({ method, args });
    return await answerOf(child);
  };
  return {
    pid: child.pid!,
    ask: (async (method: string, ...args: readonly unknown[]) => ask(method, args)) as SystemProcess["ask"],
    residentBytes: async () => Number(await ask("residentBytes", [])),
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
