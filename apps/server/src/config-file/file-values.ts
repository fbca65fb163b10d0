import { agentRef } from "@pawl/core";
import type { LoadedConfig } from "./load-config-file.ts";

/** One line of what a configuration file brings; secrets are hidden. */
export interface FileValue {
  readonly name: string;
  readonly value: string;
}

/** What a configuration file brings, in words for people. */
export function fileValues({ config }: LoadedConfig): readonly FileValue[] {
  const { agents, tools, tasks, approvals, outbox, model, store, limits, secret, receiptKey, ...rest } =
    config;
  const named = (names: readonly string[] | undefined) => names?.join(", ") || undefined;
  const values: Record<string, string | undefined> = {
    agents: named(agents?.map(agentRef)),
    tools: named(tools && Object.keys(tools)),
    tasks: named(tasks?.map(({ name }) => name)),
    approvals: named(approvals && Object.keys(approvals)),
    outbox: named(outbox && Object.keys(outbox)),
    model:
      typeof model === "string" ? model : typeof model === "function" ? "found by a function" : model?.id,
    store:
      store === undefined ? undefined : typeof store === "function" ? "made by a function" : store.durability,
    limits: limits && JSON.stringify(limits),
    secret: secret && "(hidden)",
    receiptKey: receiptKey && "(hidden)",
  };
  for (const [name, value] of Object.entries(rest)) {
    const plain = typeof value === "string" || typeof value === "number" || typeof value === "boolean";
    values[name] = plain ? String(value) : "set";
  }
  return Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }]));
}
