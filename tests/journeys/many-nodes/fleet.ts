import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

export interface WorkerConfig {
  /** Of the database, over this worker's own network. */
  readonly url: string;
  /** Of the same database, for what the tools count: no fault of the network reaches that. */
  readonly worldUrl: string;
  readonly nodeId: string;
  readonly concurrency: number;
  readonly leaseTtlMs: number;
  /** Whether it hears hints of the database and of its own store. */
  readonly hints: boolean;
  readonly pollMs?: number;
  /** Timers that are set for later than this many milliseconds never ring, so that nobody looks only because time has passed. */
  readonly longestTimerMs?: number;
  /** The host's own default where a test is about attempts (D17). */
  readonly maxAttempts?: number;
  /** How long a tool takes, in milliseconds: the window for a kill in its middle. */
  readonly toolMs: number;
  readonly clockJumps?: boolean;
  /** Its `charge` cannot be asked whether it happened. */
  readonly asksPeople?: boolean;
}

const WORKER = fileURLToPath(new URL("worker-process.ts", import.meta.url));
/** Enough to see what went wrong. */
const KEPT_CHARACTERS = 20_000;

/** One place of the fleet: the process in it comes and goes, its node's name stays. */
export class Worker {
  readonly config: WorkerConfig;
  readonly network: TcpProxy;
  /** What all of its processes complained of, the end of it. */
  complaints = "";
  #child: ChildProcess | undefined;
  #stopped = false;

  constructor(config: WorkerConfig, network: TcpProxy) {
    this.config = config;
    this.network = network;
  }

  /** A place with a network of its own, and a process in it. */
  static async begin({ url, ...rest }: Omit<WorkerConfig, "worldUrl">): Promise<Worker> {
    const throughProxy = new URL(url);
    const { hostname: host, port } = throughProxy;
    const network = await startTcpProxy({ host, port: Number(port) });
    throughProxy.port = String(network.port);
    const worker = new Worker({ ...rest, url: throughProxy.href, worldUrl: url }, network);
    await worker.start();
    return worker;
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

  /** The process's clock is suddenly somewhere else, up to half an hour ahead of the others': less than a turn may take. */
  jumpClock(): void {
    this.#child?.kill("SIGUSR2");
  }

  /** Ends the place. */
  async end(): Promise<void> {
    await this.kill();
    await this.network.close();
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

export type FleetOptions = Omit<WorkerConfig, "nodeId" | "worldUrl"> & { readonly size: number };

export function startFleet({ size, ...shared }: FleetOptions): Promise<readonly Worker[]> {
  const places = Array.from({ length: size }, (_none, index) => `node_${index}`);
  return Promise.all(places.map((nodeId) => Worker.begin({ ...shared, nodeId })));
}
