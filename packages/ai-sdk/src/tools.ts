import { type Json, type OnCrash, PawlError, type Tool, type ToolRun, tool, toolOutput } from "@pawl/core";
import { unsupported } from "./errors.ts";
import { toModelMessages } from "./to-model-messages.ts";
import { toSchema } from "./to-schema.ts";

/** An AI SDK tool, seen only as far as it is used here: whatever `tool()` and `dynamicTool()` of `ai` return. */
export interface AiTool {
  readonly type?: string | undefined;
  readonly title?: string | undefined;
  readonly description?: string | ((options: never) => string) | undefined;
  readonly inputSchema: unknown;
  readonly contextSchema?: unknown;
  readonly needsApproval?: unknown;
  readonly execute?: ((input: never, options: never) => unknown) | undefined;
  readonly toModelOutput?: ((options: never) => unknown) | undefined;
}

export interface AiToolOptions<Name extends string = string> {
  /** AI SDK tools do not say whether they may be performed again after a crash; core's default is `ask`. */
  readonly onCrash?: { readonly [Key in Name]?: OnCrash };
}

type InputOf<T> = T extends {
  readonly execute?: ((input: infer Input, options: never) => unknown) | undefined;
}
  ? Input
  : unknown;

/** AI SDK bodies may return a value, a promise, or a stream of which the last item counts. */
type OutputOf<T> = T extends {
  readonly execute?: ((input: never, options: never) => infer Result) | undefined;
}
  ? Result extends AsyncIterable<infer Item>
    ? Item
    : Awaited<Result>
  : unknown;

export type PawlTools<Tools> = {
  readonly [Name in keyof Tools]: Tool<InputOf<Tools[Name]>, OutputOf<Tools[Name]>>;
};

type Execute = (input: unknown, options: object) => unknown;
type ToModelOutput = (options: object) => unknown;

/**
 * AI SDK tools as Pawl tools, under the same names. A body gets `toolCallId`, `abortSignal`, `messages` and, as `context`,
 * the call's `idempotencyKey`, `sessionId`, `turnId`, `attempt` and `outbox`. Of a streamed result the last item is the output; with
 * `toModelOutput` what it returns is. `needsApproval: true` puts every call behind an approval of the host.
 *
 * @throws PawlError `approval_unsupported` for a tool whose `needsApproval` is a function: it may look at the clock or at the
 *   network, and a policy must give the same answer at every replay; `ai_tool_unsupported` for one that the provider or the
 *   client would execute or that needs a context, `schema_unsupported`
 */
export function aiTools<const Tools extends { readonly [name: string]: AiTool }>(
  tools: Tools,
  options: AiToolOptions<Extract<keyof Tools, string>> = {},
): PawlTools<Tools> {
  const onCrash: Readonly<Record<string, OnCrash | undefined>> = options.onCrash ?? {};
  const entries = Object.entries(tools).map(
    ([name, given]) => [name, toTool(name, given, onCrash[name])] as const,
  );
  return Object.fromEntries(entries) as PawlTools<Tools>;
}

function toTool(name: string, given: AiTool, onCrash: OnCrash | undefined): Tool {
  refuseUnsupported(name, given);
  const execute = given.execute as Execute;
  const toModelOutput = given.toModelOutput as ToModelOutput | undefined;
  return tool({
    description: descriptionOf(given),
    input: toSchema(given.inputSchema, `the tool "${name}"`),
    ...(given.title !== undefined && { displayName: given.title }),
    ...(onCrash !== undefined && { onCrash }),
    ...(given.needsApproval === true && { policy: "approval" as const }),
    execute: async (input, run) => {
      const output = await lastOf(execute.call(given, input, executionOptions(run)));
      if (toModelOutput === undefined) return output;
      return fromModelOutput(
        name,
        await toModelOutput.call(given, { toolCallId: run.callId, input, output }),
      );
    },
  });
}

function refuseUnsupported(name: string, given: AiTool): void {
  const { needsApproval } = given;
  if (needsApproval !== undefined && typeof needsApproval !== "boolean") {
    throw unsupported(
      "approval_unsupported",
      `The tool "${name}" decides by a function whether a call needs approval, which is not dropped silently: say needsApproval: true, or give the host a policy, as in createHost({ approvals: { ${name}: (input) => … } }), and remove it here.`,
    );
  }
  const because =
    given.type === "provider"
      ? "is performed or defined by its provider: pass it in the model's providerOptions if the provider allows that"
      : typeof given.execute !== "function"
        ? "has no execute function: add one"
        : given.contextSchema !== undefined
          ? "needs a context: close over what it needs instead"
          : undefined;
  if (because !== undefined) throw unsupported("ai_tool_unsupported", `The tool "${name}" ${because}.`);
}

function descriptionOf({ description }: AiTool): string {
  if (typeof description !== "function") return description ?? "";
  return (description as (options: object) => string)({ context: {} });
}

function executionOptions(run: ToolRun): object {
  const { idempotencyKey, sessionId, turnId, attempt, outbox } = run;
  return {
    toolCallId: run.callId,
    abortSignal: run.signal,
    messages: toModelMessages(run.messages()),
    context: { idempotencyKey, sessionId, turnId, attempt, outbox },
  };
}

async function lastOf(result: unknown): Promise<unknown> {
  const value = await result;
  if (typeof value !== "object" || value === null || !(Symbol.asyncIterator in value)) return value;
  let last: unknown;
  for await (const item of value as AsyncIterable<unknown>) last = item;
  return last;
}

/** What `toModelOutput` says is what the model gets, so it is the output that is kept. */
function fromModelOutput(name: string, output: unknown): Json {
  const { type, value, reason } = (output ?? {}) as { type?: string; value?: unknown; reason?: string };
  switch (type) {
    case "text":
    case "json":
      return toolOutput(value);
    case "error-text":
    case "error-json":
      throw new PawlError("tool_failed", typeof value === "string" ? value : JSON.stringify(value));
    case "execution-denied":
      throw new PawlError("tool_failed", reason ?? "The tool refused to run.");
    case "content": {
      const items = Array.isArray(value) ? (value as readonly { type?: string; text?: unknown }[]) : [];
      if (items.every((item) => item.type === "text")) return items.map((item) => item.text).join("\n");
    }
  }
  throw unsupported(
    "ai_tool_unsupported",
    `The tool "${name}" answers through toModelOutput with ${type ?? "nothing"}: only text and JSON can be kept.`,
  );
}
