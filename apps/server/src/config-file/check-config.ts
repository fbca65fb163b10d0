import { type Agent, checkAgents, isPawlError } from "@pawl/core";
import { z } from "zod";
import type { PawlConfig } from "./define-config.ts";

/** Known keys, and how what they hold is recognised. The sentences finish "`key` …". */
const SHAPES = {
  agents: z.array(
    z.looseObject({ name: z.string(), limits: z.looseObject({}) }, "must be made with agent({ name, … })"),
    "must be a list of agents",
  ),
  tools: z.record(
    z.string(),
    z.custom(
      (value) => isObject(value) && typeof value.define === "function",
      "must be made with tool({ … })",
    ),
    "must be an object of tools by name",
  ),
  store: z.custom(
    (value) => typeof value === "function" || (isObject(value) && typeof value.open === "function"),
    "must be a store, such as postgresStore({ url }), or a function that returns one",
  ),
  model: z.custom(
    (value) =>
      typeof value === "function" ||
      (typeof value === "string" && value.trim() !== "") ||
      (isObject(value) && typeof value.id === "string" && typeof value.call === "function"),
    'must be a name such as "openai/<id>", a model such as aiModel(…), or a function that finds one by its name',
  ),
  approvals: z.record(
    z.string(),
    z.custom((value) => typeof value === "function", "must be a function of the tool's input"),
    "must be an object of functions by tool name",
  ),
  tasks: z.array(
    z.custom(
      (value) => isObject(value) && typeof value.name === "string" && typeof value.run === "function",
      "must be made with backgroundTask({ … })",
    ),
    "must be a list of background tasks",
  ),
  outbox: z.record(
    z.string(),
    z.custom((value) => typeof value === "function", "must be a function that takes a message"),
    "must be an object of functions by topic",
  ),
  toolProvider: z.custom(
    (value) => isObject(value) && typeof value.open === "function",
    "must be a tool provider, such as createMcpTools({ … })",
  ),
  limits: z.looseObject({}, "must be an object of limits"),
  secret: z.string("must be text, as PAWL_SECRET has it"),
  publicUrl: z.union(
    [z.string(), z.custom((value) => typeof value === "function")],
    "must be an address such as https://example.org/pawl",
  ),
  approvalsExpireMs: amount(),
  receiptKey: z.string("must be a private key, PKCS #8, base64url"),
  grants: z.custom(isObject, "must be an operation check, such as one that a grant makes"),
  observer: z.custom(isObject, "must be an observer, such as otelObserver()"),
  concurrency: amount(),
  maxAttempts: amount(),
  leaseTtlMs: amount(),
  pollMs: amount(),
} as const;

export interface CheckedConfig {
  readonly config: PawlConfig;
  readonly warnings: readonly string[];
}

/** What a configuration file exports, when it holds together; else what is wrong with it, a sentence each. */
export function checkConfig(exported: unknown): CheckedConfig | { readonly problems: readonly string[] } {
  if (!isObject(exported)) {
    return {
      problems: ["It has no default export that is an object: `export default defineConfig({ … })`."],
    };
  }
  const problems: string[] = [];
  const known = Object.entries(SHAPES);
  for (const [key, shape] of known) {
    if (exported[key] === undefined) continue;
    for (const { path, message } of shape.safeParse(exported[key]).error?.issues ?? [])
      problems.push(`${[key, ...path].join(".")} ${message}.`);
  }
  if (problems.length === 0) problems.push(...disagreements(exported));
  if (problems.length > 0) return { problems };
  const names = known.map(([key]) => key);
  const warnings = Object.keys(exported)
    .filter((key) => !names.includes(key))
    .map((key) => `\`${key}\` means nothing to Pawl. Known are: ${names.join(", ")}.`);
  return { config: exported as PawlConfig, warnings };
}

/** What each part alone cannot show. */
function disagreements({ agents = [], tools = {}, approvals = {} }: PawlConfig): readonly string[] {
  const problems = Object.entries(tools).flatMap(([name, tool]) => whatThrows(() => tool.define(name)));
  problems.push(...whatThrows(() => checkAgents(agents as readonly Agent[])));
  for (const name of Object.keys(approvals)) {
    // Tools of MCP servers are named server__tool, and come with a turn.
    if (!(name in tools) && !name.includes("__")) {
      const has = Object.keys(tools).join(", ") || "none";
      // Misspelt, it would let the calls through that somebody wanted to see.
      problems.push(`approvals.${name} is for a tool that \`tools\` has not. It has: ${has}.`);
    }
  }
  return problems;
}

function whatThrows(check: () => unknown): string[] {
  try {
    check();
    return [];
  } catch (error) {
    if (isPawlError(error)) return [error.message];
    throw error;
  }
}

function amount() {
  return z.int("must be a whole number above 0").positive("must be a whole number above 0");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
