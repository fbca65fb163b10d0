/** What a person does to get a real model; part of answers and of errors. */
export const MODEL_SETUP =
  "To use a real model set OPENAI_API_KEY or ANTHROPIC_API_KEY, or set PAWL_MODEL_BASE_URL to any " +
  "OpenAI-compatible server, and choose one with --model (openai/<id>, anthropic/<id>).";
