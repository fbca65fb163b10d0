import { isPawlError, PawlError } from "@pawl/core";

/** Codes that this package itself gives. */
export type HttpErrorCode =
  | "unauthorized"
  | "forbidden"
  | "scope_missing"
  | "route_unknown"
  | "method_not_allowed"
  | "media_type_unsupported"
  | "body_too_large"
  | "body_invalid"
  | "query_invalid"
  | "session_unknown"
  | "attachment_unknown"
  | "job_unknown"
  | "job_held_elsewhere"
  | "grant_not_awaited";

const STATUS_OF_CODE: Readonly<Record<string, number>> = {
  body_invalid: 400,
  input_empty: 400,
  input_invalid: 400,
  invalid_id: 400,
  invalid_principal: 400,
  invalid_event_id: 400,
  query_invalid: 400,
  unauthorized: 401,
  forbidden: 403,
  scope_missing: 403,
  route_unknown: 404,
  session_unknown: 404,
  turn_unknown: 404,
  job_unknown: 404,
  node_unknown: 404,
  dead_letter_unknown: 404,
  job_held_elsewhere: 409,
  grant_not_awaited: 409,
  runtime_transition_illegal: 409,
  wait_unknown: 404,
  approval_unknown: 404,
  process_unknown: 404,
  task_unknown: 404,
  process_ended: 409,
  process_not_owner: 409,
  process_evidence_missing: 409,
  process_signal_invalid: 422,
  process_input_invalid: 422,
  task_session_missing: 422,
  approval_link_unknown: 404,
  method_not_allowed: 405,
  store_conflict: 409,
  wait_answer_unfit: 409,
  approval_arguments_changed: 409,
  approval_conflict: 409,
  wait_answer_early: 409,
  approval_pending: 409,
  public_url_missing: 409,
  approval_link_expired: 410,
  fork_session_taken: 409,
  session_not_accepting: 409,
  attachment_unknown: 404,
  attachment_invalid: 400,
  attachment_too_large: 413,
  schema_unsupported: 400,
  session_busy: 409,
  turn_pruned: 410,
  prune_invalid: 400,
  body_too_large: 413,
  media_type_unsupported: 415,
  rate_limited: 429,
  too_many_sessions: 429,
  too_many_turns: 429,
  too_many_streams: 429,
  approval_input_invalid: 422,
  not_storable: 422,
  // The server stops: another attempt reaches it when it is back, or another one.
  store_closed: 503,
};

const STATUS_OF_BLAME = { host: 400, peer: 502, infrastructure: 503, pawl: 500 } as const;

/** An error as a client sees it. */
export interface ShownError {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** When it is worth coming again, in milliseconds from now. */
  readonly retryAfterMs?: number;
}

/**
 * What a client is told of anything that was thrown. Only a PawlError speaks for itself, because its message is written for
 * its reader; of anything else the client learns that it happened.
 */
export function shownError(thrown: unknown): ShownError {
  if (!isPawlError(thrown)) {
    const message = "Something went wrong in the server. Its log says more.";
    return { status: 500, code: "internal_error", message };
  }
  const { code, message, blame, details } = thrown;
  const status = STATUS_OF_CODE[code] ?? STATUS_OF_BLAME[blame] ?? 500;
  const { retryAfterMs } = details;
  return { status, code, message, ...(typeof retryAfterMs === "number" && { retryAfterMs }) };
}

export function httpError(code: HttpErrorCode, message: string, cause?: unknown): PawlError {
  return new PawlError(code, message, { blame: "peer", cause });
}
