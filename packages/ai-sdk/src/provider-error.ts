import { APICallError } from "@ai-sdk/provider";
import type { Headers } from "./retry-after.ts";

/** What can be read from anything that a provider package throws or puts into its stream. */
export interface ProviderError {
  readonly message: string;
  /** HTTP status, also where the provider sent the error inside of a stream. */
  readonly status?: number;
  readonly headers?: Headers;
  /** The response body, or the error frame of a stream as JSON. */
  readonly body?: string;
  /** `type` and `code` of the provider's own error object. */
  readonly kinds: readonly string[];
  /** What the provider package says about trying again, if it says anything. */
  readonly retryable?: boolean;
}

export function readProviderError(thrown: unknown): ProviderError {
  if (APICallError.isInstance(thrown)) return readApiCallError(thrown);
  if (thrown instanceof Error) return { message: messageWithCause(thrown), kinds: [] };
  const frame = asRecord(thrown);
  if (frame === undefined) return { message: String(thrown), kinds: [] };
  const inner = asRecord(frame.error) ?? frame;
  const status = frame.statusCode ?? inner.statusCode;
  return {
    message:
      typeof inner.message === "string" ? inner.message : "The provider sent an error without a message",
    kinds: kindsOf(frame),
    body: bodyOf(frame.data ?? frame),
    ...(typeof status === "number" && { status }),
    ...(typeof frame.isRetryable === "boolean" && { retryable: frame.isRetryable }),
  };
}

function readApiCallError(error: APICallError): ProviderError {
  const { statusCode: status, responseHeaders: headers, responseBody: body } = error;
  return {
    // Below 400 it is no answer of the provider's, but what broke while it was read.
    message: status === undefined || status < 400 ? messageWithCause(error) : error.message,
    kinds: kindsOf(asRecord(error.data) ?? parseRecord(body) ?? {}),
    retryable: error.isRetryable,
    ...(status !== undefined && { status }),
    ...(headers !== undefined && { headers }),
    ...(body !== undefined && { body }),
  };
}

/** A network failure says in its cause what happened ("terminated" because "other side closed"). */
function messageWithCause(error: Error): string {
  const { cause } = error;
  if (!(cause instanceof Error) || cause.message === "" || error.message.includes(cause.message)) {
    return error.message;
  }
  return `${error.message} (${cause.message})`;
}

function kindsOf(frame: Readonly<Record<string, unknown>>): readonly string[] {
  const inner = asRecord(frame.error) ?? {};
  return [frame.type, frame.code, inner.type, inner.code].filter((kind) => typeof kind === "string");
}

function bodyOf(frame: unknown): string {
  try {
    return JSON.stringify(frame) ?? String(frame);
  } catch {
    return String(frame);
  }
}

function parseRecord(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  try {
    return text === undefined ? undefined : asRecord(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
}
