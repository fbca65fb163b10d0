import type {
  LanguageModelV4FilePart,
  LanguageModelV4FunctionTool,
  LanguageModelV4Message,
  LanguageModelV4Prompt,
  LanguageModelV4ToolResultOutput,
  SharedV4ProviderOptions,
} from "@ai-sdk/provider";
import type {
  AnswerPart,
  AssistantMessage,
  FilePart,
  InputPart,
  Json,
  Message,
  ModelRequest,
  ToolCallPart,
  ToolDefinition,
  ToolResultPart,
} from "@pawl/core";
import type { ResolvedFiles } from "./resolve-files.ts";
import { type ToolImages, withImages } from "./tool-images.ts";

type AssistantContent = Extract<LanguageModelV4Message, { role: "assistant" }>["content"];
type UserContent = Extract<LanguageModelV4Message, { role: "user" }>["content"];

export interface PromptOptions {
  readonly files: ResolvedFiles;
  /** Pictures in results of tools that are shown as such. */
  readonly toolImages?: ToolImages;
  /** How a call id is written for this provider. */
  readonly callId: (id: string) => string;
}

/** The request's instructions and messages in the AI SDK's words. Messages that would be empty are left out. */
export function toPrompt(request: ModelRequest, options: PromptOptions): LanguageModelV4Prompt {
  const prompt: LanguageModelV4Prompt = [];
  if (request.instructions !== undefined && request.instructions.trim() !== "") {
    prompt.push({ role: "system", content: request.instructions });
  }
  for (const message of request.messages) {
    const said = toMessage(message, options);
    if (said.content.length > 0) prompt.push(said);
  }
  return prompt;
}

/** Some providers refuse a schema that does not say that it is an object with properties. */
export function toFunctionTools(tools: readonly ToolDefinition[]): LanguageModelV4FunctionTool[] {
  return tools.map(({ name, description, inputSchema }) => ({
    type: "function",
    name,
    description,
    inputSchema: {
      type: "object",
      properties: {},
      ...inputSchema,
    } as LanguageModelV4FunctionTool["inputSchema"],
  }));
}

function toMessage(message: Message, options: PromptOptions): LanguageModelV4Message {
  switch (message.role) {
    case "user":
      return { role: "user", content: message.parts.map((part) => toUserPart(part, options.files)) };
    case "assistant":
      return { role: "assistant", content: toAssistantContent(message, options) };
    case "tool":
      return {
        role: "tool",
        content: message.parts.map((part) => ({
          type: "tool-result",
          toolCallId: options.callId(part.callId),
          toolName: part.name,
          output: toResultOutput(part, options.toolImages),
        })),
      };
  }
}

function toUserPart(part: InputPart, files: ResolvedFiles): UserContent[number] {
  switch (part.type) {
    case "text":
      return { type: "text", text: part.text, ...facts(part.provider) };
    case "structured":
      return { type: "text", text: JSON.stringify(part.value) };
    case "file":
    case "image":
      return toFilePart(part, files);
  }
}

function toFilePart(part: FilePart, files: ResolvedFiles): LanguageModelV4FilePart {
  const found = files(part);
  return {
    type: "file",
    mediaType: part.mediaType,
    data: found instanceof URL ? { type: "url", url: found } : { type: "data", data: found },
    ...(part.name !== undefined && { filename: part.name }),
  };
}

function toAssistantContent(message: AssistantMessage, options: PromptOptions): AssistantContent {
  return message.parts.filter(isWorthSending).map((part) => toAssistantPart(part, options));
}

function toAssistantPart(part: AnswerPart, options: PromptOptions): AssistantContent[number] {
  switch (part.type) {
    case "text":
    case "reasoning":
      return { type: part.type, text: part.text, ...facts(part.provider) };
    case "structured":
      return { type: "text", text: JSON.stringify(part.value) };
    case "tool_call":
      return {
        type: "tool-call",
        toolCallId: options.callId(part.callId),
        toolName: part.name,
        input: toCallInput(part),
        ...facts(part.provider),
      };
  }
}

/** Providers refuse blank text, unless it carries facts of their own. */
function isWorthSending(part: AnswerPart): boolean {
  return part.type !== "text" || part.text.trim() !== "" || part.provider !== undefined;
}

/**
 * Providers want an object here. What the model wrote instead (broken JSON, a bare value) is sent back inside of one,
 * so that the model can see next to the failed result what it did.
 */
function toCallInput(part: ToolCallPart): Json {
  const { input } = part;
  const isObject = typeof input === "object" && input !== null && !Array.isArray(input);
  if (isObject && part.malformed !== true) return input;
  return { malformed_arguments: typeof input === "string" ? input : JSON.stringify(input) };
}

/** Whatever is not `ok` is told as an error; what kind of one stands in its `code` and `message`. */
function toResultOutput(part: ToolResultPart, images?: ToolImages): LanguageModelV4ToolResultOutput {
  const { status, output } = part;
  const content = images && withImages(part, images);
  if (content !== undefined) return { type: "content", value: content };
  if (status === "ok") {
    return typeof output === "string" ? { type: "text", value: output } : { type: "json", value: output };
  }
  return typeof output === "string"
    ? { type: "error-text", value: output }
    : { type: "error-json", value: output };
}

function facts(provider: ToolCallPart["provider"]): { readonly providerOptions?: SharedV4ProviderOptions } {
  return provider === undefined ? {} : { providerOptions: provider as SharedV4ProviderOptions };
}
