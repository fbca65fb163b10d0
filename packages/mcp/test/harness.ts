import { createRequire } from "node:module";
import { join } from "node:path";
import { callId, type Json } from "@pawl/core";
import { onTestFinished, vi } from "vitest";
import { createMcpTools, type McpTools, type McpToolsOptions } from "../src/index.ts";

const require = createRequire(import.meta.url);

export const quoted = (words: readonly string[]) => words.map((word) => `'${word}'`).join(" ");

/** The script of a server from npm. */
export function installed(name: string): string {
  const manifest = require.resolve(`@modelcontextprotocol/${name}/package.json`);
  const { bin } = require(manifest) as { bin: Record<string, string> };
  return join(manifest, "..", Object.values(bin)[0] as string);
}

/** The command line of a server from npm, as a user would have it once it is installed. */
export const npmServer = (name: string, ...args: string[]) =>
  quoted([process.execPath, installed(name), ...args]);

/** The command line of the server that does whatever a test asks of it. */
export const oddServer = (...args: string[]) =>
  quoted([process.execPath, join(import.meta.dirname, "fixtures/odd-server.mjs"), ...args]);

/** MCP tools that are closed when the test ends. */
export function mcpTools(options: McpToolsOptions): McpTools {
  const tools = createMcpTools(options);
  onTestFinished(() => tools.close());
  return tools;
}

/** No test waits for longer than this. */
export const signal = AbortSignal.timeout(120_000);
export const session = { sessionId: "s1", signal };

let calls = 0;
export function call(name: string, input: Json = {}) {
  calls++;
  return {
    sessionId: "s1",
    turnId: "t1",
    callId: callId(`c${calls}`),
    name,
    input,
    idempotencyKey: `k${calls}`,
    attempt: 0,
  };
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Waits for an observed condition, for as long as a busy machine may take. */
export function eventually<T>(condition: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(condition, { timeout: 30_000, interval: 20 });
}
