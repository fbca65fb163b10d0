import { ArcpError, type ArcpUsageError } from "../../src/errors.ts";
import type { AgentDefinition } from "../../src/server/agent.ts";

export const stubborn: AgentDefinition = {
  name: "stubborn",
  versions: { "1.0.0": () => new Promise(() => undefined) },
};
export const talkative: AgentDefinition = {
  name: "talkative",
  versions: {
    "1.0.0": async (_, context) => {
      await context.emit("x-vendor.acme.ping", { any: ["thing"] });
      await context.thought("hm");
      await context.artifact({ uri: "file:///a", content_type: "text/plain", byte_size: 1 });
      await context.metric({ name: "latency", value: 1.5, unit: "ms", dimensions: { a: "b" } });
      const refused: string[] = [];
      for (const [kind, body] of [
        ["progress", { current: -1 }],
        ["log", { level: "info" }],
        ["tool_result", { call_id: "c", result: 1, error: { code: "X", message: "m", retryable: false } }],
        ["nonsense", {}],
        ["metric", { name: "m", value: Number.NaN }],
      ] as const) {
        await context.emit(kind, body).catch((error: ArcpError) => refused.push(error.wireCode));
      }
      return { refused };
    },
  },
};
/** Waits for nothing that it starts. */
export const careless: AgentDefinition = {
  name: "careless",
  versions: {
    "1.0.0": (_, context) => {
      setTimeout(() => {
        void context.log("info", "late");
        void context.tool("t", {}, () => 1);
        void context.delegate({ agent: "echo" });
        void context.emit("delegate", {});
        void context.rotateCredential("none");
        void context.emit("nonsense", {});
      }, 5);
      void context.sleep(60_000);
      void context.streamResult().write("x".repeat(2000));
      throw new ArcpError("INVALID_REQUEST", "gone already");
    },
  },
};
export const thrower: AgentDefinition = {
  name: "thrower",
  versions: {
    "1.0.0": async (input, context) => {
      const how = input as string;
      if (how === "circular") {
        const result: Record<string, unknown> = {};
        result.self = result;
        return result;
      }
      if (how === "string") throw "just text";
      if (how === "mixed") {
        await context.streamResult().write("part");
        return "inline";
      }
      if (how === "late") {
        setTimeout(() => void context.log("info", "too late"), 5);
        return "done";
      }
      if (how === "states") {
        context.setState("blocked");
        context.setState("running");
        try {
          context.setState("accepted" as never);
        } catch (error) {
          return (error as ArcpUsageError).code;
        }
      }
      throw new ArcpError("PERMISSION_DENIED", "not this");
    },
  },
};
