import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { type AiModelOptions, aiModel } from "@pawl/ai-sdk";
import { PawlError } from "@pawl/core";
import type { Model } from "@pawl/core/ports";
import { parseModelPrice } from "./model-price.ts";
import { MODEL_SETUP } from "./model-setup.ts";
import { OFFLINE_MODEL_ID, offlineModel } from "./offline-model.ts";

/** The environment variables that choose and reach a model. Blank ones count as not set. */
export interface ModelEnvironment {
  /** The model when none is named. */
  readonly PAWL_MODEL?: string | undefined;
  /** Any OpenAI-compatible server: every name except `offline` is then an id of that server. */
  readonly PAWL_MODEL_BASE_URL?: string | undefined;
  readonly PAWL_MODEL_API_KEY?: string | undefined;
  /** See `parseModelPrice`; for whichever real model is used. Without it the cost of a turn is not known. */
  readonly PAWL_MODEL_PRICE?: string | undefined;
  readonly OPENAI_API_KEY?: string | undefined;
  /** `openai/<id>` and names without a provider go there, over the chat completions that every such server has. */
  readonly OPENAI_BASE_URL?: string | undefined;
  readonly ANTHROPIC_API_KEY?: string | undefined;
  readonly ANTHROPIC_BASE_URL?: string | undefined;
}

// Handed over explicitly: the AI SDK would otherwise read variables of the process that were not handed in here.
const OPENAI_URL = "https://api.openai.com/v1";
const ANTHROPIC_URL = "https://api.anthropic.com/v1";

/** Small and current: a first try must not cost much. */
export const DEFAULT_OPENAI_MODEL = "openai/gpt-5.4-mini";
export const DEFAULT_ANTHROPIC_MODEL = "anthropic/claude-haiku-5-5";

/**
 * The model of that name; without one `PAWL_MODEL`, else the default of the provider whose key is set (OpenAI before
 * Anthropic), else the offline model. Makes no request.
 *
 * @throws PawlError `model_unknown`, `model_key_missing`, `model_base_url_invalid`, `model_price_invalid`
 */
export function resolveModel(name: string | undefined, env: ModelEnvironment): Model {
  const get = (variable: keyof ModelEnvironment) => set(env[variable]);
  const chosen = set(name) ?? get("PAWL_MODEL") ?? defaultName(get);
  if (chosen === OFFLINE_MODEL_ID) return offlineModel();
  const price = get("PAWL_MODEL_PRICE");
  const options: AiModelOptions = {
    id: chosen,
    ...(price !== undefined && { price: parseModelPrice(price) }),
  };

  const baseUrl = get("PAWL_MODEL_BASE_URL");
  if (baseUrl !== undefined) {
    checkUrl("PAWL_MODEL_BASE_URL", baseUrl);
    return compatible(
      chosen,
      { baseUrl, key: get("PAWL_MODEL_API_KEY"), keyVariable: "PAWL_MODEL_API_KEY" },
      options,
    );
  }
  const slash = chosen.indexOf("/");
  const provider = slash < 0 ? undefined : chosen.slice(0, slash);
  const id = chosen.slice(slash + 1);
  if (id === "") throw unknown(chosen, `it lacks the model's id after ${provider}/`);

  const openaiUrl = get("OPENAI_BASE_URL");
  if (openaiUrl !== undefined && provider !== "anthropic") {
    checkUrl("OPENAI_BASE_URL", openaiUrl);
    const server = { baseUrl: openaiUrl, key: get("OPENAI_API_KEY"), keyVariable: "OPENAI_API_KEY" };
    return compatible(provider === "openai" ? id : chosen, server, options);
  }
  if (provider === "openai") return openai(id, requiredKey(chosen, "OPENAI_API_KEY", env), options);
  if (provider === "anthropic") {
    const key = requiredKey(chosen, "ANTHROPIC_API_KEY", env);
    return anthropic(id, key, get("ANTHROPIC_BASE_URL") ?? ANTHROPIC_URL, options);
  }
  throw unknown(
    chosen,
    provider === undefined ? "it names no provider" : `the provider ${provider} is not built in`,
  );
}

function defaultName(get: (variable: keyof ModelEnvironment) => string | undefined): string {
  const server = get("PAWL_MODEL_BASE_URL") ? "PAWL_MODEL_BASE_URL" : "OPENAI_BASE_URL";
  if (get(server) !== undefined) {
    throw new PawlError(
      "model_unknown",
      `${server} is set, but not which model to use there: say it with --model or PAWL_MODEL (or --model offline).`,
    );
  }
  if (get("OPENAI_API_KEY") !== undefined) return DEFAULT_OPENAI_MODEL;
  if (get("ANTHROPIC_API_KEY") !== undefined) return DEFAULT_ANTHROPIC_MODEL;
  return OFFLINE_MODEL_ID;
}

function openai(id: string, apiKey: string, options: AiModelOptions): Model {
  return aiModel(createOpenAI({ apiKey, baseURL: OPENAI_URL }).responses(id), {
    ...options,
    secrets: [apiKey],
    // The transcript is ours and complete: nothing of it is left with the provider, where it would expire while a turn
    // waits. Reasoning then travels encrypted in its own part.
    settings: { providerOptions: { openai: { store: false } } },
  });
}

function anthropic(id: string, apiKey: string, baseURL: string, options: AiModelOptions): Model {
  checkUrl("ANTHROPIC_BASE_URL", baseURL);
  return aiModel(createAnthropic({ apiKey, baseURL })(id), { ...options, secrets: [apiKey] });
}

interface CompatibleServer {
  readonly baseUrl: string;
  readonly key: string | undefined;
  readonly keyVariable: string;
}

function compatible(
  id: string,
  { baseUrl, key, keyVariable }: CompatibleServer,
  options: AiModelOptions,
): Model {
  const provider = createOpenAICompatible({
    name: "compatible",
    baseURL: baseUrl,
    includeUsage: true,
    ...(key !== undefined && { apiKey: key }),
  });
  const secrets = key === undefined ? [] : [key];
  return aiModel(provider.chatModel(id), { ...options, apiKeyVariable: keyVariable, secrets });
}

function requiredKey(
  name: string,
  variable: "OPENAI_API_KEY" | "ANTHROPIC_API_KEY",
  env: ModelEnvironment,
): string {
  const key = set(env[variable]);
  if (key !== undefined) return key;
  throw new PawlError(
    "model_key_missing",
    `The model ${name} needs ${variable}: set it, or use --model offline, which needs no key.`,
  );
}

function unknown(name: string, because: string): PawlError {
  return new PawlError(
    "model_unknown",
    `There is no model "${name}": ${because}. ${MODEL_SETUP} --model offline needs nothing.`,
  );
}

function checkUrl(variable: string, text: string): void {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return;
  throw new PawlError("model_base_url_invalid", `${variable} must be an address such as https://host/v1.`);
}

function set(text: string | undefined): string | undefined {
  return text === undefined || text.trim() === "" ? undefined : text.trim();
}
