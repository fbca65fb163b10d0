import { SpanKind } from "@opentelemetry/api";
import type { ObservedEffect } from "@pawl/host";

export interface SpanFacts {
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Name, kind and attributes of an effect's span, by the GenAI conventions where they know it. Never contents. */
export function spanFacts({ sessionId, turnId, effectId, command, config }: ObservedEffect): SpanFacts {
  const { name: agent, version } = config.agent;
  const common = {
    "gen_ai.conversation.id": sessionId,
    "gen_ai.agent.name": agent,
    ...(version !== undefined && { "gen_ai.agent.version": version }),
    "pawl.turn.id": turnId,
    "pawl.effect.id": effectId,
  };
  switch (command.kind) {
    case "model_call": {
      const model = config.model ?? "default";
      const slash = model.indexOf("/");
      const attributes = {
        ...common,
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": slash < 0 ? model : model.slice(slash + 1),
        "gen_ai.provider.name": slash < 0 ? "unknown" : model.slice(0, slash),
      };
      return { name: `chat ${model}`, kind: SpanKind.CLIENT, attributes };
    }
    case "tool_call": {
      const attributes = {
        ...common,
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": command.name,
        "gen_ai.tool.call.id": command.callId,
        "gen_ai.tool.type": "function",
      };
      return { name: `execute_tool ${command.name}`, kind: SpanKind.INTERNAL, attributes };
    }
    default:
      return { name: command.kind, kind: SpanKind.INTERNAL, attributes: common };
  }
}
