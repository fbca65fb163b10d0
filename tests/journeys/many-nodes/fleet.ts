import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export interface WorkerConfig {
  readonly url: string;
  readonly nodeId: string;
  readonly concurrency: number;
  readonly leaseTtlMs: number;
  /** Whether it hears hints of the database and of its own store. */
  readonly hints: boolean;
  readonly pollMs?: number;
  /** How long a tool takes, in milliseconds: the window for a kill in its middle. */
  readonly toolMs: number;
  readonly clockJumps?: boolean;
}

const WORKER = fileURLToPath(new URL("worker-process.ts", import.meta.url));
/** Enough to see what went wrong. */
const KEPT_CHARACTERS = 20_000;

/** One place of the fleet: the process in it comes and goes, its node's name stays. */
export class Worker {
  readonly config: WorkerConfig;
  /** What all of its processes complained of, the end of it. */
  complaints = "";
  #child: ChildProcess | undefined;
  #stopped = false;

  constructor(config: WorkerConfig) {
    this.config = config;
  }

  /** Resolves when the process drives. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, [WORKER, JSON.stringify(this.config)], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#child = child;
    child.stderr.on("data", (chunk: Buffer) => {
      this.complaints = (this.complaints + chunk.toString()).slice(-KEPT_CHARACTERS);
    });
    const exited = once(child, "exit").then(() => "exited" as const);
    const ready = once(child.stdout, "data").then(() => "ready" as const);
    if ((await Promise.race([ready, exited])) === "exited" && !child.killed) {
      throw new Error(`${this.config.nodeId} ended during its start: ${this.complaints}`);
    }
  }

  /** As a power cut does: nothing of it runs any more when this resolves. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
    this.#stopped = false;
  }

  /** Holds the process in mid-breath, as a long collection of garbage or a moved machine does. */
  pause(): void {
    this.#child?.kill("SIGSTOP");
    this.#stopped = true;
  }

  resume(): void {
    if (this.#stopped) this.#child?.kill("SIGCONT");
    this.#stopped = false;
  }

  /** A restart as a deploy does it. @returns the exit code */
  async stop(): Promise<number | null> {
    this.resume();
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return 0;
    const exited = once(child, "exit") as Promise<[number | null]>;
    child.kill("SIGTERM");
    const [code] = await exited;
    return code;
  }
}

export type FleetOptions = Omit<WorkerConfig, "nodeId"> & { readonly size: number };

export async function startFleet({ size, ...shared }: FleetOptions): Promise<readonly Worker[]> {
  const workers = Array.from(
    { length: size },
    (_none, index) => new Worker({ ...shared, nodeId: `node_${index}` }),
  );
  await Promise.all(workers.map((worker) => worker.start()));
  return workers;
}
