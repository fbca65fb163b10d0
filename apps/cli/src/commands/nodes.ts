import { setTimeout as sleep } from "node:timers/promises";
import type { WireNode } from "@pawl/http";
import type { PawlClient } from "../client/pawl-client.ts";
import { EXIT } from "../exit-codes.ts";
import { printable } from "../output/printable.ts";
import { createStyle, wantsColour } from "../output/style.ts";
import { showAge, table } from "../output/table.ts";
import type { ListOptions } from "./sessions.ts";
import { type ClientOptions, withClient } from "./with-client.ts";

export interface ListNodesOptions extends ListOptions {
  readonly all?: true;
}

export interface DrainNodeOptions extends ClientOptions {
  /** Seconds. */
  readonly timeout: number;
}

const DRAIN_LOOK_MS = 200;
const MOST_NODES = 500;

export async function listNodes({ limit, all, ...options }: ListNodesOptions): Promise<number> {
  return withClient(options, async ({ client, clear }) => {
    const nodes = (await client.nodes.list(limit)).filter(({ alive }) => all === true || alive);
    clear();
    if (options.json) process.stdout.write(`${JSON.stringify({ nodes })}\n`);
    else if (nodes.length === 0)
      process.stdout.write("No node is alive: nothing drives turns. `pawl serve` starts one.\n");
    else process.stdout.write(describe(nodes));
    return EXIT.completed;
  });
}

export async function setNodePaused(id: string, paused: boolean, options: ClientOptions): Promise<number> {
  return withClient(options, async ({ client, clear }) => {
    await client.nodes.setPaused(id, paused);
    clear();
    if (options.json) process.stdout.write(`${JSON.stringify({ node_id: id, paused })}\n`);
    else
      process.stdout.write(
        paused
          ? `${printable(id)} begins with nothing more until it is resumed or started anew.\n`
          : `${printable(id)} goes on.\n`,
      );
    return EXIT.completed;
  });
}

/** Pauses a node and waits until it drives nothing. @returns 0, or 1 when it still does after the time */
export async function drainNode(id: string, { timeout, ...options }: DrainNodeOptions): Promise<number> {
  return withClient(options, async ({ client, clear, show }) => {
    await client.nodes.setPaused(id, true);
    const until = performance.now() + timeout * 1_000;
    let left = await driven(client, id);
    while (left > 0 && performance.now() < until) {
      show(`${left} sessions are still driven by ${id}`);
      await sleep(DRAIN_LOOK_MS);
      left = await driven(client, id);
    }
    clear();
    if (options.json) {
      process.stdout.write(
        `${JSON.stringify({ node_id: id, paused: true, idle: left === 0, sessions: left })}\n`,
      );
    } else if (left === 0)
      process.stdout.write(`${printable(id)} drives nothing any more: it can be stopped.\n`);
    else process.stdout.write(`${printable(id)} is paused and still drives ${left} sessions.\n`);
    return left === 0 ? EXIT.completed : EXIT.failed;
  });
}

async function driven({ nodes }: PawlClient, id: string): Promise<number> {
  return (await nodes.list(MOST_NODES)).find((node) => node.node_id === id)?.sessions ?? 0;
}

function describe(nodes: readonly WireNode[]): string {
  const now = Date.now();
  const rows = nodes.map((node) => [
    printable(node.node_id),
    node.alive ? (node.paused ? "paused" : "alive") : "gone",
    String(node.sessions),
    showAge(now - node.opened_at),
  ]);
  const style = createStyle(wantsColour(process.stdout, process.env));
  return table(["NODE", "STATE", "SESSIONS", "STARTED"], rows, style);
}
