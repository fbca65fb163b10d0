/** The environment variables that AI SDK providers read their keys from, by the first part of the provider's name. */
const KEY_VARIABLES: Readonly<Record<string, string>> = {
  anthropic: "ANTHROPIC_API_KEY",
  cerebras: "CEREBRAS_API_KEY",
  cohere: "COHERE_API_KEY",
  deepseek: "DEEPSEEK_API_KEY",
  fireworks: "FIREWORKS_API_KEY",
  gateway: "AI_GATEWAY_API_KEY",
  google: "GOOGLE_GENERATIVE_AI_API_KEY",
  groq: "GROQ_API_KEY",
  mistral: "MISTRAL_API_KEY",
  openai: "OPENAI_API_KEY",
  perplexity: "PERPLEXITY_API_KEY",
  togetherai: "TOGETHER_AI_API_KEY",
  xai: "XAI_API_KEY",
};

/** `openai.responses` → `openai`. */
export function providerName(provider: string): string {
  return provider.split(".", 1)[0] ?? provider;
}

export function apiKeyVariable(provider: string): string | undefined {
  const name = providerName(provider);
  return Object.hasOwn(KEY_VARIABLES, name) ? KEY_VARIABLES[name] : undefined;
}

/**
 * How call ids are written for a provider. Anthropic takes only letters, digits, `_` and `-`, also for calls that
 * another model made earlier in the session; elsewhere only the `#` of ids that the machine told apart is replaced,
 * because some servers carry facts of their own in the rest.
 */
export function callIdWriter(provider: string): (id: string) => string {
  const strict = /anthropic|bedrock/.test(provider);
  return (id) => id.replaceAll(strict ? /[^A-Za-z0-9_-]/g : /#/g, "_");
}
