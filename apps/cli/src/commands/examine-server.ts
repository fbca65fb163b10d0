import { isPawlError } from "@pawl/core";
import type { ServerConfig } from "@pawl/server";
import type { Finding } from "@pawl/server/runtime";
import { openClient } from "../client/open-client.ts";
import type { PawlClient } from "../client/pawl-client.ts";

const PATIENCE_MS = 5_000;
const MOST_NODES = 100;

/** Looks at a server from outside: whether it answers, takes turns, and accepts the token that would be used. */
export async function examineServer(server: string, config: ServerConfig): Promise<readonly Finding[]> {
  let client: PawlClient;
  try {
    client = await openClient({ config, server, progress() {}, onAway() {}, onBack() {} });
  } catch (error) {
    return [failed(isPawlError(error) ? error.code : "server", error)];
  }
  const findings: Finding[] = [{ check: "server", status: "ok", message: `It answers at ${server}.` }];
  findings.push(await readiness(server));
  try {
    await client.reads.sessions(1);
    findings.push({ check: "token", status: "ok", message: "It is accepted." });
    findings.push(await nodeFinding(client));
  } catch (error) {
    findings.push(failed("token", error));
  } finally {
    await client.close();
  }
  return findings;
}

async function readiness(server: string): Promise<Finding> {
  const url = new URL("readyz", server.replace(/\/*$/, "/"));
  const answer = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) }).catch(() => undefined);
  if (answer?.ok) return { check: "ready", status: "ok", message: "It takes turns." };
  return {
    check: "ready",
    status: "bad",
    message: `It does not take turns now${answer === undefined ? "" : ` (status ${answer.status})`}.`,
    advice: "It starts, stops, or has lost its database: its log says which.",
  };
}

async function nodeFinding({ nodes }: PawlClient): Promise<Finding> {
  try {
    const alive = (await nodes.list(MOST_NODES)).filter((node) => node.alive);
    const paused = alive.filter((node) => node.paused).map((node) => node.node_id);
    if (paused.length === 0) return { check: "nodes", status: "ok", message: `${alive.length} are alive.` };
    return {
      check: "nodes",
      status: "warn",
      message: `${paused.join(", ")} of ${alive.length} begin with nothing: they are paused.`,
      advice: "`pawl nodes resume <node>` lets one go on.",
    };
  } catch (error) {
    // A token of somebody who looks after nothing is a token all the same.
    if (isPawlError(error, "forbidden")) {
      return { check: "nodes", status: "ok", message: "Only an operator's token may look at them." };
    }
    throw error;
  }
}

function failed(check: string, error: unknown): Finding {
  return { check, status: "bad", message: error instanceof Error ? error.message : String(error) };
}
