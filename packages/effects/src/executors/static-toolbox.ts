import {
  type AnyTool,
  isPawlError,
  PawlError,
  type PendingCall,
  type ToolOutcome,
  type ToolRun,
  type ToolSet,
  toolOutput,
  validate,
} from "@pawl/core";
import type { PendingOutcome, Reconciliation, Toolbox, ToolContext, ToolInvocation } from "@pawl/core/ports";

/** Tools of this process as a toolbox. @throws PawlError `invalid_tool_name` */
export function staticToolbox(tools: ToolSet): Toolbox {
  const definitions = Object.entries(tools).map(([name, tool]) => tool.define(name));
  return {
    definitions,
    async execute(call, context) {
      const tool = Object.hasOwn(tools, call.name) ? tools[call.name] : undefined;
      if (tool === undefined) return unavailable(call.name);
      const input = await validate(tool.input, call.input);
      if (!input.ok) return { status: "error", code: "tool_input_invalid", message: input.message };
      return run(tool, input.value, call, context);
    },
    async reconcile(call, context): Promise<Reconciliation> {
      const tool = Object.hasOwn(tools, call.name) ? tools[call.name] : undefined;
      const input = tool?.reconcile ? await validate(tool.input, call.input) : undefined;
      if (!tool?.reconcile || !input?.ok) return "unknown";
      try {
        return await tool.reconcile(input.value as never, runOf(call, context));
      } catch {
        // A tool that cannot tell leaves the question to a person.
        return "unknown";
      }
    },
  };
}

async function run(
  tool: AnyTool,
  input: unknown,
  call: ToolInvocation,
  context: ToolContext,
): Promise<ToolOutcome | PendingOutcome> {
  try {
    const value = await tool.execute(input as never, runOf(call, context));
    if (isPendingCall(value)) return { status: "pending", call: value };
    return { status: "ok", output: toolOutput(value) };
  } catch (thrown) {
    if (context.signal.aborted && isAbort(thrown, context.signal)) {
      return { status: "cancelled", certainty: "outcome_unknown" };
    }
    const { code, message } = isPawlError(thrown) ? thrown : PawlError.from(thrown, "tool_failed");
    return { status: "error", code, message };
  }
}

function isPendingCall(value: unknown): value is PendingCall {
  return typeof value === "object" && value !== null && "~pending" in value;
}

function isAbort(thrown: unknown, signal: AbortSignal): boolean {
  return thrown === signal.reason || (thrown instanceof Error && thrown.name === "AbortError");
}

function runOf(call: ToolInvocation, context: ToolContext): ToolRun {
  const { idempotencyKey, callId, sessionId, turnId, attempt } = call;
  const { signal, step, pending, outbox } = context;
  return {
    signal,
    idempotencyKey,
    callId,
    sessionId,
    turnId,
    attempt,
    messages: () => context.messages?.() ?? [],
    async step<T>(stepId: string, run: (key: string) => Promise<T>): Promise<T> {
      if (step === undefined) {
        throw new PawlError(
          "tool_not_composite",
          `The tool "${call.name}" uses step(): define it with composite: true.`,
        );
      }
      const value = await step(stepId, async () => toolOutput(await run(`${idempotencyKey}/${stepId}`)));
      return value as T;
    },
    async pending(options = {}) {
      if (pending !== undefined) return pending(options);
      throw new PawlError(
        "tool_pending_unsupported",
        `The tool "${call.name}" wants to answer later, and nothing can be waited for here. Give the tool executor await-events.`,
      );
    },
    outbox(message) {
      if (outbox !== undefined) return outbox(message);
      throw new PawlError(
        "outbox_unsupported",
        `The tool "${call.name}" leaves a message in the commit of its turn, and here no turn commits.`,
      );
    },
  };
}

function unavailable(name: string): ToolOutcome {
  const message = `The tool "${name}" is not offered any more by this host. Choose another one.`;
  return { status: "error", code: "tool_unavailable", message };
}

/** Several toolboxes as one. @throws PawlError `tool_name_taken` when two offer the same name. */
export function joinToolboxes(...boxes: readonly Toolbox[]): Toolbox {
  const owners = new Map<string, Toolbox>();
  for (const box of boxes) {
    for (const { name } of box.definitions) {
      if (owners.has(name)) {
        throw new PawlError("tool_name_taken", `Two tools are named "${name}". Rename one of them.`);
      }
      owners.set(name, box);
    }
  }
  return {
    definitions: boxes.flatMap((box) => box.definitions),
    execute: async (call, context) =>
      (await owners.get(call.name)?.execute(call, context)) ?? unavailable(call.name),
    reconcile: async (call, context) =>
      (await owners.get(call.name)?.reconcile?.(call, context)) ?? "unknown",
    async close() {
      await Promise.allSettled(boxes.map((box) => box.close?.()));
    },
  };
}
