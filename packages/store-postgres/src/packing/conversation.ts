import { idOfTurn } from "./names.ts";
import { list, object, optional, required, union, usually, variant, verbatim, word } from "./packing.ts";

export const part = union("type", {
  1: variant("text", required("text"), optional("provider")),
  2: variant(
    "tool_call",
    required("callId"),
    required("name"),
    required("input"),
    optional("malformed"),
    optional("provider"),
  ),
  3: variant(
    "tool_result",
    required("callId"),
    required("name"),
    required("status", word("ok", "error", "cancelled", "unknown")),
    required("output"),
  ),
  4: variant("reasoning", required("text"), optional("provider")),
});

export const message = object(
  required("id", idOfTurn),
  required("role", word("user", "assistant", "tool")),
  required("parts", list(part)),
);

export const usage = object(
  usually("modelCalls", 0),
  usually("inputTokens", 0),
  usually("outputTokens", 0),
  usually("reasoningTokens", 0),
  usually("cachedInputTokens", 0),
  optional("costNanoUsd"),
);

const answer = object(
  required("parts", list(part)),
  required("terminalReason", word("stop", "tool_use")),
  required("usage", usage),
  required("model", verbatim),
  optional("outputIssue"),
);

export const modelResult = union("ok", { 1: variant(true, required("answer", answer)) });
