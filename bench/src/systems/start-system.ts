import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { System } from "./system.ts";

/** A system in a process of its own, so that the garbage and the polls of one are not in the figures of another. */
export interface RunningSystem {
  /** Milliseconds, see `System`. */
  ask(method: "workflows" | "drain" | "job", ...args: readonly number[]): Promise<number>;
  close(): Promise<void>;
}

/** @param module a file in this folder, without its ending. @throws Error with the system's own words when it does not start */
export async function startSystem(module: string, url: string): Promise<RunningSystem> {
  const folder = await mkdtemp(join(tmpdir(), `pawl-bench-${module}-`));
  const child = fork(
    fileURLToPath(new URL("./system-process.ts", import.meta.url)),
    [new URL(`./${module}.ts`, import.meta.url).href, url, folder],
    { stdio: ["ignore", "ignore", "inherit", "ipc"] },
  );
  try {
    await answerOf(child);
  } catch (cause) {
    child.kill("SIGKILL");
    await rm(folder, { recursive: true, force: true });
    throw cause;
  }
  const ask = async (method: keyof System, args: readonly number[]) => {
    child.send({ method, args });
    return await answerOf(child);
  };
  return {
    ask: (method, ...args) => ask(method, args),
    async close() {
      await Promise.race([
        ask("close", []).catch(() => 0),
        new Promise((done) => setTimeout(done, 5_000).unref()),
      ]);
      child.kill("SIGKILL");
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function answerOf(child: ChildProcess): Promise<number> {
  const stop = new AbortController();
  try {
    const [answer] = (await Promise.race([
      once(child, "message", { signal: stop.signal }),
      once(child, "exit", { signal: stop.signal }).then(([code]) => {
        throw new Error(`The process ended with ${code}.`);
      }),
    ])) as [{ value?: number; error?: string }];
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.value ?? 0;
  } finally {
    stop.abort();
  }
}
