import { ArcpError } from "../errors.ts";
import type { AgentDefinition, AgentHandler } from "../server/agent.ts";
import type { JobContext } from "../server/job-context.ts";

/**
 * Small agents with fixed behaviour, which a runtime hosts so that any ARCP 1.1 client can check it.
 * What they read they check themselves: they are talked to by strangers.
 */
export function conformanceAgents(): AgentDefinition[] {
  // Each does the same again when it is answered the same, so a restart in its midst is none to whoever watches.
  const agent = (
    name: string,
    versions: AgentDefinition["versions"],
    more?: Partial<AgentDefinition>,
  ): AgentDefinition => ({
    name,
    versions,
    onRestart: "resume",
    ...more,
  });
  return [
    agent("echo", { "1.0.0": echo("1.0.0"), "2.0.0": echo("2.0.0") }, { default: "2.0.0" }),
    agent("slow", { "1.0.0": slow }),
    agent("counter", { "1.0.0": counter }),
    agent("chunker", { "1.0.0": chunker }),
    agent("toolcaller", { "1.0.0": toolcaller }),
    agent("spender", { "1.0.0": spender }),
    agent("failer", { "1.0.0": failer }),
    agent("delegator", { "1.0.0": delegator }),
  ];
}

function echo(version: string): AgentHandler {
  return async (input, context) => {
    await context.status("echoing");
    await context.log("info", "echo");
    return { echo: input, version };
  };
}

const slow: AgentHandler = async (input, context) => {
  const ms = number(input, "ms");
  await context.status("working");
  await context.sleep(ms);
  return { waited: ms };
};

const counter: AgentHandler = async (input, context) => {
  const n = number(input, "n");
  const delayMs = number(input, "delayMs", 0);
  const startMs = number(input, "startMs", 0);
  const asLog = field(input, "kind") === "log";
  if (startMs > 0) await context.sleep(startMs);
  for (let current = 1; current <= n; current++) {
    context.signal.throwIfAborted();
    if (asLog) await context.log("info", `tick ${current}`);
    else await context.progress({ current, total: n, units: "ticks" });
    if (delayMs > 0) await context.sleep(delayMs);
  }
  return { count: n };
};

const chunker: AgentHandler = async (input, context) => {
  const chunks = number(input, "chunks");
  const size = number(input, "size");
  const encoding = field(input, "encoding") === "base64" ? "base64" : "utf8";
  const writer = context.streamResult({ encoding });
  for (let index = 0; index < chunks; index++) {
    context.signal.throwIfAborted();
    if (encoding === "utf8") await writer.write(String.fromCharCode(97 + (index % 26)).repeat(size));
    else await writer.write(new Uint8Array(size).fill(index % 256));
  }
  return await writer.end();
};

interface Tally {
  allowed: number;
  denied: number;
  codes: string[];
}

const toolcaller: AgentHandler = async (input, context) => {
  const tally: Tally = { allowed: 0, denied: 0, codes: [] };
  const delayMs = number(input, "delayMs", 0);
  for (const tool of list(input, "tools")) {
    const error = await perform(context, String(tool), tally);
    if (error !== undefined && field(input, "fatal") === true) throw new ArcpError(error.code, error.message);
    if (delayMs > 0) await context.sleep(delayMs);
  }
  return tally;
};

const spender: AgentHandler = async (input, context) => {
  const tally: Tally = { allowed: 0, denied: 0, codes: [] };
  const unit = String(field(input, "unit") ?? "USD");
  const tool = String(field(input, "tool") ?? "work.do");
  for (const cost of list(input, "costs")) {
    if ((await perform(context, tool, tally)) !== undefined) continue;
    // A report that the runtime refuses, such as a negative one, is no reason to stop.
    await context.metric({ name: "cost.work", value: Number(cost), unit }).catch(() => undefined);
  }
  return tally;
};

const failer: AgentHandler = async (input, context) => {
  const message = String(field(input, "message") ?? "failed");
  await context.log("error", message);
  throw new Error(message);
};

const delegator: AgentHandler = async (input, context) => {
  const lease = field(input, "lease");
  const constraints = field(input, "leaseConstraints");
  await context.delegate({
    delegate_id: "d1",
    agent: String(field(input, "agent") ?? ""),
    input: field(input, "input") ?? null,
    ...(lease == null ? {} : { lease_request: lease as Record<string, string[]> }),
    ...(constraints == null ? {} : { lease_constraints: constraints as { expires_at?: string } }),
  });
  const waitMs = number(input, "waitMs", 0);
  if (waitMs > 0) await context.sleep(waitMs);
  return { delegated: true };
};

async function perform(context: JobContext, tool: string, tally: Tally) {
  const outcome = await context.tool(tool, {}, () => ({ ok: true }), { onCrash: "retry" });
  if (outcome.ok) {
    tally.allowed += 1;
    return undefined;
  }
  tally.denied += 1;
  tally.codes.push(outcome.error.code);
  return outcome.error;
}

function field(input: unknown, name: string): unknown {
  return typeof input === "object" && input !== null ? (input as Record<string, unknown>)[name] : undefined;
}

function list(input: unknown, name: string): unknown[] {
  const value = field(input, name);
  if (!Array.isArray(value)) throw new ArcpError("INVALID_REQUEST", `input.${name} must be a list`);
  return value;
}

function number(input: unknown, name: string, fallback?: number): number {
  const value = field(input, name) ?? fallback;
  if (typeof value !== "number" || !Number.isFinite(value) || value < 0) {
    throw new ArcpError("INVALID_REQUEST", `input.${name} must be a number, zero or more`);
  }
  return value;
}
