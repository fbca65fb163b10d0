import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { awaitEventKeyId, executionScope, loadJsonDigest, type Resolution } from "@pawl/core";
import type { Store } from "@pawl/core/ports";
import { expect, vi } from "vitest";
import { type AnswerEnd, type AwaitWorld, SIDES, type WaitEnd } from "./await-model.ts";
import type { AwaitRequest } from "./await-worker.ts";

const WORKER = fileURLToPath(new URL("await-worker.ts", import.meta.url));
type Reply = {
  readonly id?: number;
  readonly ready?: true;
  readonly failed?: string;
  readonly told?: Resolution;
};

/** A worker of its own, and what it has not answered yet. Null is what a dead one answers. */
class Worker {
  readonly #child: ChildProcess;
  readonly #asked = new Map<number, (reply: Reply | null) => void>();
  readonly ready: Promise<unknown>;

  constructor(args: readonly string[]) {
    this.#child = spawn(process.execPath, [WORKER, ...args], { stdio: ["pipe", "pipe", "inherit"] });
    const ready = Promise.withResolvers<void>();
    this.ready = ready.promise;
    // Nobody may be waiting for it then.
    this.ready.catch(() => {});
    createInterface({ input: this.#child.stdout as NodeJS.ReadableStream }).on("line", (line) => {
      const reply = JSON.parse(line) as Reply;
      if (reply.ready) return ready.resolve();
      this.#asked.get(reply.id as number)?.(reply);
      this.#asked.delete(reply.id as number);
    });
    this.#child.once("exit", (code) => {
      ready.reject(new Error(`A worker ended with ${code} before it was ready.`));
      for (const answer of this.#asked.values()) answer(null);
      this.#asked.clear();
    });
  }

  async ask(request: AwaitRequest): Promise<Reply | null> {
    await this.ready;
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return null;
    return new Promise((resolve) => {
      this.#asked.set(request.id, resolve);
      this.#child.stdin?.write(`${JSON.stringify(request)}\n`);
    });
  }

  async kill(): Promise<void> {
    const gone = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await gone;
  }
}

/** Two processes of the operating system over one PostgreSQL: one hears of resolutions, the other only looks again and again. */
export async function createProcesses(url: string, schema: string, store: Store) {
  const start = (side: number) => new Worker([url, schema, side === 0 ? "listen" : "poll"]);
  const sides = Array.from({ length: SIDES }, (_, side) => start(side));
  await Promise.all(sides.map((worker) => worker.ready));
  const digest = await loadJsonDigest();
  let requests = 0;
  let runs = 0;

  /** A world of its own: other events, in a session of their own. */
  function world(): AwaitWorld {
    const run = runs++;
    const open = new Map<object, number>();
    const revoked = new Set<number>();
    let lastDeadline = 0;
    const about = (event: number) => ({ id: requests++, run, event });
    const keyIdOf = (event: number) =>
      awaitEventKeyId(executionScope.turn(`s${run}`, "turn_1"), { type: "custom", key: `k${event}` }, digest);
    const winner = async (event: number) => (await store.awaits.load(keyIdOf(event)))?.terminal ?? null;

    return {
      wait(side, event, afterMs) {
        const deadline = afterMs === null ? null : Date.now() + afterMs;
        lastDeadline = Math.max(lastDeadline, deadline ?? 0);
        const request = { ...about(event), do: "wait", deadline } as const;
        const worker = sides[side] as Worker;
        open.set(request, event);
        const end = worker.ask(request).then((reply): WaitEnd => {
          open.delete(request);
          if (reply === null) return { type: "died" };
          if (reply.told !== undefined) return { type: "told", resolution: reply.told };
          expect(reply.failed).toBe("await_event_unknown_or_revoked");
          return { type: "revoked" };
        });
        const stop = () => void worker.ask({ ...about(event), do: "stop", wait: request.id });
        return { end, stop };
      },
      async answer(side, event, resolution) {
        const reply = await (sides[side] as Worker).ask({ ...about(event), do: "answer", resolution });
        if (reply === null) return null;
        // No key is made for what was revoked: that is the same answer.
        if (reply.failed === "await_event_unknown_or_revoked") return { status: "unknown_or_revoked" };
        return reply as unknown as AnswerEnd;
      },
      async revoke(side, event) {
        await (sides[side] as Worker).ask({ ...about(event), do: "revoke" });
        revoked.add(event);
      },
      async sweep(side) {
        await (sides[side] as Worker).ask({ ...about(0), do: "sweep" });
      },
      async crash(side) {
        await (sides[side] as Worker).kill();
        sides[side] = start(side);
        await (sides[side] as Worker).ready;
      },
      async pass(ms) {
        const until = Date.now() + ms;
        await vi.waitFor(() => expect(Date.now()).toBeGreaterThanOrEqual(until), { interval: 5 });
      },
      winner,
      async settle() {
        await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(lastDeadline), {
          interval: 10,
          timeout: 10_000,
        });
        await store.awaits.settleDue(100);
        // Whoever waits for what has ended is told, sooner or later; who is not is what the check then finds.
        const overdue = async () => {
          const ended = await Promise.all(
            [...new Set(open.values())].map(async (at) => revoked.has(at) || (await winner(at)) !== null),
          );
          expect(ended).not.toContain(true);
        };
        await vi.waitFor(overdue, { interval: 20, timeout: 15_000 }).catch(() => undefined);
      },
    };
  }

  return { world, stop: () => Promise.all(sides.map((worker) => worker.kill())) };
}
