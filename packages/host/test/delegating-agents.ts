import { type Agent, agent, type Json, type ModelRequest } from "@pawl/core";
import type { Model } from "@pawl/core/ports";
import type { Host } from "@pawl/host";
import { type ScriptedTurn, scriptedModel } from "@pawl/testing";

/** One script for each model name. */
export function models(scripts: Readonly<Record<string, readonly ScriptedTurn[]>>) {
  const made = new Map(Object.entries(scripts).map(([id, script]) => [id, scriptedModel(script, { id })]));
  const find = (name = "boss"): Model => {
    const model = made.get(name);
    if (model === undefined) throw new Error(`No script for ${name}.`);
    return model;
  };
  return { find, of: (name: string) => made.get(name)! };
}

export const ask = (task: string, name = "ask_scout") => ({ tools: [{ name, input: { task } }] });
export const scout = agent({ name: "scout", model: "scout", description: "Finds things" });

export function bossOf(...delegates: NonNullable<Parameters<typeof agent>[0]["delegates"]>): Agent {
  return agent({ name: "boss", model: "boss", delegates });
}

export async function toolResults(host: Host, session = "s1"): Promise<readonly Json[]> {
  const messages = await host.session(session).transcript();
  return messages.flatMap((m) => (m.role === "tool" ? m.parts.map(({ output }) => output) : []));
}

export function lastText({ messages }: ModelRequest): string {
  const part = messages.at(-1)?.parts[0];
  return part?.type === "text" ? part.text : "";
}

export const children = async (host: Host) =>
  (await host.sessions()).map(({ sessionId }) => sessionId).filter((id) => id.startsWith("sub_"));
