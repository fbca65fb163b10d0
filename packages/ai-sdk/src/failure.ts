import {
  EmptyResponseBodyError,
  InvalidArgumentError,
  InvalidPromptError,
  InvalidResponseDataError,
  JSONParseError,
  LoadAPIKeyError,
  LoadSettingError,
  NoContentGeneratedError,
  NoSuchModelError,
  TypeValidationError,
  UnsupportedFunctionalityError,
} from "@ai-sdk/provider";
import { isPawlError, type ModelFailure, type TerminalReason } from "@pawl/core";
import { type ProviderError, readProviderError } from "./provider-error.ts";
import { redact } from "./redact.ts";
import { retryAfterMs } from "./retry-after.ts";
import { boundedText } from "./storable-text.ts";

export interface FailureContext {
  /** `provider/model`, as it is named in messages. */
  readonly model: string;
  /** The caller gave the call up, whatever the provider says about it. */
  readonly aborted: boolean;
  /** The environment variable that holds the provider's key. */
  readonly apiKeyVariable?: string | undefined;
  /** Never shown, wherever a provider echoes them. */
  readonly secrets?: readonly string[] | undefined;
}

interface Verdict {
  readonly code: string;
  readonly retryable: boolean;
  readonly terminalReason?: TerminalReason;
  /** What happened and what to do; the provider's own words are put after it. */
  readonly say: string;
}

/** Longest texts of a failure, in UTF-16 code units: a failure is a journal row. */
const MAX_MESSAGE_LENGTH = 600;
const MAX_RAW_LENGTH = 2000;

/** What a provider package threw, or put into its stream as an error, as a failure that the machine understands. */
export function toFailure(thrown: unknown, context: FailureContext): ModelFailure {
  if (context.aborted) {
    const message = `The call of ${context.model} was cancelled.`;
    return { code: "model_cancelled", message, retryable: false, terminalReason: "cancelled" };
  }
  if (isPawlError(thrown)) {
    const { code, message, details } = thrown;
    return { code, message, retryable: details.retryable === true, terminalReason: "provider_error" };
  }
  const error = readProviderError(thrown);
  const verdict = ofClass(thrown, context) ?? ofKind(error, context) ?? ofStatus(error, context);
  const clean = (text: string, length: number) => boundedText(redact(text, context.secrets), length);
  const wait = retryAfterMs(error.headers);
  return {
    code: verdict.code,
    message: `${verdict.say} (${clean(error.message, MAX_MESSAGE_LENGTH)})`,
    retryable: verdict.retryable,
    terminalReason: verdict.terminalReason ?? "provider_error",
    ...(error.body !== undefined && error.body !== "" && { raw: clean(error.body, MAX_RAW_LENGTH) }),
    ...(wait !== undefined && verdict.retryable && { retryAfterMs: wait }),
  };
}

/** By the class of the error: those that the provider package itself raises. */
function ofClass(thrown: unknown, context: FailureContext): Verdict | undefined {
  if (LoadAPIKeyError.isInstance(thrown) || LoadSettingError.isInstance(thrown)) return authFailed(context);
  if (NoSuchModelError.isInstance(thrown)) return notFound(context);
  const invalidRequest =
    InvalidPromptError.isInstance(thrown) ||
    InvalidArgumentError.isInstance(thrown) ||
    UnsupportedFunctionalityError.isInstance(thrown);
  if (invalidRequest) return requestInvalid(context);
  const invalidResponse =
    JSONParseError.isInstance(thrown) ||
    TypeValidationError.isInstance(thrown) ||
    InvalidResponseDataError.isInstance(thrown) ||
    EmptyResponseBodyError.isInstance(thrown) ||
    NoContentGeneratedError.isInstance(thrown);
  return invalidResponse ? responseInvalid(context) : undefined;
}

const CONTEXT_OVERFLOW =
  /context_length_exceeded|context[ _]window|maximum context length|(?:prompt|input) is too long|input token count.*exceeds|too many (?:input )?tokens/i;
const NO_MONEY =
  /insufficient_quota|billing_error|billing_hard_limit|credit balance is too low|exceeded your current quota/i;

const BAD_KEY = /(?:invalid|incorrect) api[ -]key|api[ -]key (?:is )?(?:not valid|invalid)/i;

/** By what the provider calls the error, which is more exact than its status. */
function ofKind(error: ProviderError, context: FailureContext): Verdict | undefined {
  const { kinds, status } = error;
  const words = `${kinds.join(" ")} ${error.message}`;
  const has = (...names: readonly string[]) => names.some((name) => kinds.includes(name));
  if ((status === undefined || status === 400 || status === 413) && CONTEXT_OVERFLOW.test(words)) {
    const say = `The conversation does not fit into the context of ${context.model}: shorten it, start a new session, or use a model with a larger context.`;
    return { code: "model_context_overflow", retryable: false, terminalReason: "context_overflow", say };
  }
  if (has("content_filter", "content_policy_violation")) {
    const say = `The provider of ${context.model} filtered the request; rephrase it.`;
    return { code: "model_content_filtered", retryable: false, terminalReason: "content_filter", say };
  }
  if (NO_MONEY.test(words)) {
    const say = `The account that ${context.model} is paid from has no credit or quota left; add some, then send the input again.`;
    return { code: "model_quota_exhausted", retryable: false, say };
  }
  if (has("authentication_error", "permission_error", "invalid_api_key") || BAD_KEY.test(words)) {
    return authFailed(context);
  }
  if (has("rate_limit_error", "rate_limit_exceeded")) return rateLimited(context);
  // A status below 500 knows better than such a general name.
  const ownFault = status === undefined || status >= 500;
  if (ownFault && has("overloaded_error", "api_error", "server_error", "timeout_error")) {
    return unavailable(context);
  }
  if (has("model_not_found", "not_found_error")) return notFound(context);
  if (has("invalid_request_error") && status === undefined) return requestInvalid(context);
  return undefined;
}

const NETWORK =
  /fetch failed|failed to fetch|terminated|network|socket|connect|closed|time(?:d )?-?out|aborted|ECONN|ENOTFOUND|EAI_AGAIN|EPIPE|UND_ERR/i;

/** Statuses below 500 that are worth another attempt: request time-out, conflict, too early. */
const RETRYABLE_STATUSES: readonly number[] = [408, 409, 425];

function ofStatus(error: ProviderError, context: FailureContext): Verdict {
  const { status } = error;
  // Without a status the connection could not be made, or it broke while the answer was on its way, or the provider
  // package itself failed; only the words tell these apart.
  if (status === undefined) {
    const worthTrying = error.retryable ?? NETWORK.test(error.message);
    return worthTrying ? unavailable(context) : callFailed(context);
  }
  if (status === 401 || status === 403) return authFailed(context);
  if (status === 404) return notFound(context);
  if (status === 429) return rateLimited(context);
  if (status >= 500 || RETRYABLE_STATUSES.includes(status)) return unavailable(context);
  if (status >= 400) return requestInvalid(context);
  return NETWORK.test(error.message) ? streamBroken(context) : responseInvalid(context);
}

function authFailed({ model, apiKeyVariable }: FailureContext): Verdict {
  const key =
    apiKeyVariable === undefined ? "the API key of its provider" : `a valid key in ${apiKeyVariable}`;
  const say = `The provider of ${model} did not accept the API key: set ${key} and start again.`;
  return { code: "model_auth_failed", retryable: false, say };
}

function rateLimited({ model }: FailureContext): Verdict {
  const say = `The provider of ${model} limits the rate of calls: wait, or raise the limit of the account.`;
  return { code: "model_rate_limited", retryable: true, say };
}

function unavailable({ model }: FailureContext): Verdict {
  const say = `${model} cannot be reached or does not work at the moment: try again, and check the network and the provider's status page.`;
  return { code: "model_unavailable", retryable: true, say };
}

function notFound({ model }: FailureContext): Verdict {
  const say = `The provider does not know ${model}, or the key may not use it: check the model's id and the base URL.`;
  return { code: "model_not_found", retryable: false, say };
}

function requestInvalid({ model }: FailureContext): Verdict {
  const say = `${model} refused the request as invalid; sending it again would end the same way.`;
  return { code: "model_request_invalid", retryable: false, say };
}

function callFailed({ model }: FailureContext): Verdict {
  const say = `The call of ${model} failed in a way that is not known.`;
  return { code: "model_call_failed", retryable: false, say };
}

function streamBroken({ model }: FailureContext): Verdict {
  const say = `The connection to ${model} broke before its answer was finished; try again.`;
  return { code: "model_stream_broken", retryable: true, say };
}

function responseInvalid({ model }: FailureContext): Verdict {
  const say = `${model} sent an answer that is broken or incomplete; try again.`;
  return { code: "model_response_invalid", retryable: true, say };
}
