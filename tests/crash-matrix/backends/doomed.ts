import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Announcement, DoomedConfig } from "../doomed-process.ts";

const PROGRAM = fileURLToPath(new URL("../doomed-process.ts", import.meta.url));
const KEPT_CHARACTERS = 4_000;

/** A child process that will end at a point. */
export class Doomed {
  /** It stands at its point. */
  atPoint = false;
  /** How its writes ended that it tried after a stall. */
  readonly writes: Extract<Announcement, { type: "write" }>[] = [];
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  #complaints = "";

  constructor(config: DoomedConfig) {
    this.#child = spawn(process.execPath, [PROGRAM, JSON.stringify(config)], {
      stdio: ["pipe", "ignore", "pipe", "pipe"],
    });
    this.#exited = once(this.#child, "exit");
    this.#child.stderr?.on("data", (chunk: Buffer) => {
      this.#complaints = (this.#complaints + chunk.toString()).slice(-KEPT_CHARACTERS);
    });
    const lines = createInterface({ input: this.#child.stdio[3] as Readable });
    lines.on("line", (line) => {
      const announcement = JSON.parse(line) as Announcement;
      if (announcement.type === "at") this.atPoint = true;
      else this.writes.push(announcement);
    });
  }

  /** @throws Error when it ended by itself */
  check(): void {
    if (this.#child.exitCode !== null) {
      throw new Error(`The process ended with ${this.#child.exitCode}: ${this.#complaints}`);
    }
  }

  /** Nothing of it runs any more when this resolves. */
  async kill(): Promise<void> {
    if (this.#isOver()) return;
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  pause(): void {
    this.#child.kill("SIGSTOP");
  }

  resume(): void {
    this.#child.kill("SIGCONT");
  }

  /** As a deploy ends it. */
  async stop(): Promise<void> {
    if (this.#isOver()) return;
    this.#child.kill("SIGTERM");
    await this.#exited;
  }

  #isOver(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}
