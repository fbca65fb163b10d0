import type { LanguageModelV4, LanguageModelV4CallOptions } from "@ai-sdk/provider";
import { type ModelRequest, PawlError } from "@pawl/core";
import type { Model, ModelCallContext } from "@pawl/core/ports";
import { abortable, chunksOf } from "./abortable.ts";
import { toFailure } from "./failure.ts";
import { answerFromStream, type StreamedAnswer } from "./from-stream.ts";
import { apiKeyVariable, callIdWriter, providerName } from "./provider-names.ts";
import { fromHost, type ResolveFile, resolveFiles } from "./resolve-files.ts";
import { toFunctionTools, toPrompt } from "./to-prompt.ts";
import { showsToolImages, toolImages } from "./tool-images.ts";
import { checkPrice, type Price, toUsage } from "./usage.ts";

type JSONSchema = NonNullable<
  Extract<LanguageModelV4CallOptions["responseFormat"], { readonly type: "json" }>["schema"]
>;

/** What the AI SDK lets one set for every call. */
export type ModelSettings = Pick<
  LanguageModelV4CallOptions,
  | "maxOutputTokens"
  | "temperature"
  | "topP"
  | "topK"
  | "presencePenalty"
  | "frequencyPenalty"
  | "stopSequences"
  | "seed"
  | "reasoning"
  | "headers"
  | "providerOptions"
>;

export interface AiModelOptions {
  /** How configuration names it; `provider/model` when absent. */
  readonly id?: string;
  readonly settings?: ModelSettings;
  /** Without one the cost of a call is not known. */
  readonly price?: Price;
  /** Finds files that messages refer to in another place than the host's attachments: a URL that the provider can read, say. */
  readonly resolveFile?: ResolveFile;
  /**
   * Whether pictures in results of tools (PNG, JPEG, GIF and WebP up to 3.75 MB, the 20 newest) are shown to the model; else it gets their
   * references. Absent: where the provider is known to take them, which is Anthropic and OpenAI's responses. `false` for a model that sees
   * no pictures.
   */
  readonly toolImages?: boolean;
  /** The environment variable to name when the key is refused, for providers that are not known here. */
  readonly apiKeyVariable?: string;
  /** Texts that must not appear in failures, wherever a provider echoes them: its API key, say. */
  readonly secrets?: readonly string[];
}

/**
 * Any AI SDK language model (provider specification v4) as a Pawl model.
 *
 * A call is one request: neither the AI SDK nor this adapter tries again, the effects' retry policy does, by what the
 * failure says. `call` never throws: whatever goes wrong is a failure with a code (`model_rate_limited`,
 * `model_auth_failed`, `model_unavailable`, `model_stream_broken`, `model_response_invalid`, `model_request_invalid`,
 * `model_context_overflow`, `model_content_filtered`, `model_quota_exhausted`, `model_not_found`,
 * `model_output_unsupported`, `attachment_resolution_failed`, `approval_unsupported`, `model_call_failed`,
 * `model_cancelled`).
 *
 * @throws PawlError `model_spec_unsupported` for a model of another specification, `invalid_price`
 */
export function aiModel(languageModel: LanguageModelV4, options: AiModelOptions = {}): Model {
  checkSpecification(languageModel);
  const price = options.price && checkPrice(options.price);
  const { provider, modelId } = languageModel;
  const id = options.id ?? `${providerName(provider)}/${modelId}`;
  return {
    id,
    async call(request, context) {
      try {
        const answer = await stream(languageModel, request, context, options);
        const { parts, terminalReason } = answer;
        const usage = toUsage(answer.usage, price);
        return { ok: true, answer: { parts, terminalReason, usage, model: answer.modelId ?? modelId } };
      } catch (thrown) {
        const failure = toFailure(thrown, {
          model: id,
          aborted: context.signal.aborted,
          apiKeyVariable: options.apiKeyVariable ?? apiKeyVariable(provider),
          secrets: options.secrets,
        });
        return { ok: false, failure };
      }
    },
  };
}

async function stream(
  languageModel: LanguageModelV4,
  request: ModelRequest,
  { signal, onText, readAttachment }: ModelCallContext,
  { settings, resolveFile, toolImages: wanted }: AiModelOptions,
): Promise<StreamedAnswer> {
  const { provider } = languageModel;
  const resolve = resolveFile ?? fromHost(readAttachment);
  const found = Promise.all([
    resolveFiles(request, resolve, signal),
    (wanted ?? showsToolImages(provider)) ? toolImages(request.messages, resolve, signal) : new Map(),
  ]);
  const [files, images] = await abortable(found, signal, () => {});
  const prompt = toPrompt(request, { files, toolImages: images, callId: callIdWriter(provider) });
  const started = languageModel.doStream({
    ...settings,
    prompt,
    abortSignal: signal,
    // Tools stay in the request when they may not be used: a provider wants to see those that the messages call.
    ...(request.tools.length > 0 && {
      tools: toFunctionTools(request.tools),
      toolChoice: { type: request.toolChoice },
    }),
    ...(request.output !== undefined && {
      responseFormat: { type: "json" as const, schema: request.output.schema as JSONSchema, name: "answer" },
    }),
  });
  const result = await abortable(started, signal, (late) => void late.stream.cancel().catch(() => {}));
  return answerFromStream(chunksOf(result.stream, signal), {
    onText,
    // The transcript only grows, so its length tells the answers of a session apart.
    callIdAt: (index) => `call_${request.messages.length}_${index + 1}`,
  });
}

function checkSpecification(languageModel: LanguageModelV4): void {
  // Plain JavaScript may hand in a model of an older provider package, or only its name.
  const version: unknown = (languageModel as Partial<LanguageModelV4> | undefined)?.specificationVersion;
  if (version === "v4") return;
  throw new PawlError(
    "model_spec_unsupported",
    `aiModel() takes a language model object of the AI SDK's provider specification v4 (ai 7), this is ${
      typeof version === "string"
        ? `${version}: update its provider package`
        : 'none: call the provider, as in openai("…")'
    }.`,
  );
}
