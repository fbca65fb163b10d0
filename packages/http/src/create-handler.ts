import { MAX_ATTACHMENT_BYTES } from "@pawl/core";
import type { Host, HostView, SendOptions } from "@pawl/host";
import { errorAnswer, jsonAnswer, methodNotAllowed } from "./answer.ts";
import { httpError, shownError } from "./errors.ts";
import type { Jobs } from "./jobs.ts";
import { answerLink, keyOfPath } from "./links/link-routes.ts";
import { OPENAPI_PATH, openApiDocument } from "./openapi/openapi-document.ts";
import { describePath, matchRoute, type ResolvedOptions, type Route } from "./route.ts";
import { approvalRoutes } from "./routes/approvals.ts";
import { attachmentRoutes } from "./routes/attachments.ts";
import { deadLetterRoutes } from "./routes/dead-letters.ts";
import { grantRoutes } from "./routes/grants.ts";
import { inputRoutes } from "./routes/inputs.ts";
import { jobRoutes } from "./routes/jobs.ts";
import { lookingBackRoutes } from "./routes/looking-back.ts";
import { nodeRoutes } from "./routes/nodes.ts";
import { retentionRoutes } from "./routes/retention.ts";
import { sessionLifeRoutes } from "./routes/session-life.ts";
import { sessionRoutes } from "./routes/sessions.ts";
import { taskRoutes } from "./routes/tasks.ts";
import { turnRoutes } from "./routes/turns.ts";
import { waitRoutes } from "./routes/waits.ts";

/** Who makes a request. It sees its own sessions and what belongs to them; everything else is unknown to it. */
export interface Principal {
  /** Also recorded where it matters, such as with a cancel. */
  readonly name: string;
  /** Two principals of one name in two tenants are two. */
  readonly tenant?: string;
  /** Sees and does everything, as whoever runs the host: for people who look after it, never for those who use it. */
  readonly operator?: boolean;
  /** What it may do: `read`, `write` and `approve`; all of it when absent. */
  readonly scopes?: readonly string[];
}

/** Until when a stream may go on. */
export interface StreamPermit {
  readonly signal: AbortSignal;
  release(): void;
}

export interface HandlerOptions<P extends Principal = Principal> {
  /** Null for somebody unknown: the answer is 401, whatever was asked for. */
  readonly authorize: (request: Request) => P | null | Promise<P | null>;
  /** What comes before `/v1` in paths, for frameworks that leave it there. */
  readonly basePath?: string;
  /** May throw a PawlError to refuse an input of this principal; the answer is then 403 with its code and message (429 for a code of a limit). */
  readonly admit?: (
    input: SendOptions & { readonly sessionId: string },
    principal: P,
    /** The host as this principal sees it. */
    view: HostView,
  ) => void | Promise<void>;
  /**
   * Called before a stream is opened and before a result is waited for: what is opened ends when `signal` aborts, because this
   * principal may see nothing more; then, or earlier, `release` is called. May throw to refuse.
   */
  readonly admitStream?: (principal: P) => StreamPermit;
  /** The jobs that this principal may know of, where a job protocol runs beside the host. Absent: there are none. */
  readonly jobs?: (principal: P) => Jobs;
  /** Ends all event streams cleanly, and all waiting for results, for a server that is about to stop. */
  readonly signal?: AbortSignal;
  /** Largest body that is read. Default 1 MiB. */
  readonly maxBodyBytes?: number;
  /** Largest file that is taken. Default, and at most, 64 MiB. */
  readonly maxAttachmentBytes?: number;
  /** Deepest nesting of arrays and objects in a body. Default 64. */
  readonly maxDepth?: number;
  /** How often a silent event stream says that it lives, in milliseconds. Default 15 000. */
  readonly heartbeatMs?: number;
  /** Hears of errors that are nobody's but ours: the client was told no more than that there was one. */
  readonly onError?: (thrown: unknown, request: Request) => void;
}

/** Everything that is answered with a token, in the order in which it is looked through. */
export const ROUTES: readonly Route[] = [
  ...inputRoutes,
  ...attachmentRoutes,
  ...sessionRoutes,
  ...sessionLifeRoutes,
  ...turnRoutes,
  ...lookingBackRoutes,
  ...waitRoutes,
  ...approvalRoutes,
  ...grantRoutes,
  ...taskRoutes,
  ...jobRoutes,
  ...nodeRoutes,
  ...deadLetterRoutes,
  ...retentionRoutes,
];

/**
 * HTTP around a host, in web standards only: give the function to whatever serves requests.
 *
 * | | |
 * |---|---|
 * | `POST /v1/sessions/:id/inputs` | sends `{content, delivery?, idempotency_key?, at?, agent?, model?, environment?, ask?, grant?, limits?, output_schema?}`; 202 when durable |
 * | `POST /v1/sessions/:id/attachments` | stores a file, its bytes as the body; 201 with the `ref` that an input's part names |
 * | `GET /v1/sessions/:id/attachments/:ref` | a file that the session refers to |
 * | `GET /v1/turns/:id/input` | what was sent for it, and where that is: its delivery status |
 * | `GET /v1/sessions?limit=` | sessions, the most recently used first |
 * | `GET /v1/sessions/:id` | the session and its transcript |
 * | `GET /v1/sessions/:id/events?after=` | its events, past and coming (SSE, `Last-Event-ID`) |
 * | `GET /v1/sessions/:id/turns?limit=` | its newest turns, oldest first |
 * | `GET /v1/sessions/:id/receipts` | its commit receipts in the order of the chain, and the digests of its inputs |
 * | `GET /v1/sessions/:id/verification?anchor=` | whether receipts, inputs and transcript fit together |
 * | `POST /v1/sessions/:id/erase` | erases everything of it, for ever; hashes outlive it |
 * | `POST /v1/sessions/:id/retire`, `/stop`, `/destroy` | ends it: drained, at once, or for good |
 * | `POST /v1/sessions/:id/pause`, `/resume` | holds it on all nodes, and lets it go on |
 * | `POST /v1/prune` | for operators: deletes what is old, `{older_than_ms, only?, dry_run?}` |
 * | `GET /v1/turns/:id` | state, why, advice, and the result when there is one |
 * | `GET /v1/turns/:id/events?after=` | its events; ends with the turn (SSE) |
 * | `GET /v1/turns/:id/result?wait_ms=` | the result (200), or the turn's state (202) when it is not there in time |
 * | `POST /v1/turns/:id/cancel` | asks for its end, `{reason?}`; says when it had ended before |
 * | `POST /v1/turns/:id/grants` | tops up the budget that it has used up and waits for, `{tokens?, cost_nano_usd?}` |
 * | `GET /v1/turns/:id/effects` | what it asked for, how often that was begun and what came of it |
 * | `GET /v1/turns/:id/record?redact=1` | everything that a replay needs, with or without credentials |
 * | `GET /v1/turns/:id/replay` | runs it again, performs nothing and compares |
 * | `POST /v1/turns/:id/fork` | begins a turn that shares its inputs up to `{at, prompt?, live?, session_id?, idempotency_key?}`; 202 |
 * | `GET /v1/waits?session=&limit=` | what is waited for and not answered, approvals too, oldest first |
 * | `POST /v1/waits/:id` | answers it, or says that somebody was faster |
 * | `POST /v1/waits/:id/link` | a link for whoever shall answer, `{for?, expires_at?}`: `{url, key}` |
 * | `GET /v1/approvals?session=&limit=` | calls that wait for somebody's approval, oldest first |
 * | `GET /v1/approvals/:id` | one of them, also when it was decided |
 * | `POST /v1/approvals/:id` | decides it: `{decision: approve \| deny \| edit, reason?, input?}`; `replayed` when it was decided so before |
 * | `POST /v1/approvals/:id/link` | a link for `{for?, expires_at?}`: `{url, key}` |
 * | `GET /v1/approvals/:id/receipt` | the signed proof of what was decided |
 * | `GET /v1/receipt-key` | the public key that receipts verify with |
 * | `POST /v1/receipt-check` | whether this host signed the receipt that is the body |
 * | `GET /v1/tasks?session=&all=1` | background tasks, those that have ended too with `all` |
 * | `POST /v1/tasks` | starts one of the host's by name: `{name, input, session?, wake?, idempotency_key?}`; 202 |
 * | `GET /v1/tasks/:id` | one of them |
 * | `GET /v1/tasks/:id/result?wait_ms=` | how it ended (200), or how it stands (202) when it has not in time |
 * | `POST /v1/tasks/:id/signals` | sends it `{name, payload, idempotency_key?}`; answers with the signal's ordinal |
 * | `POST /v1/tasks/:id/cancel` | asks for its end, `{reason?}` |
 * | `POST /v1/tasks/:id/report` | of an external one: `{progress}`, or how it ended |
 * | `POST /v1/tasks/transfer` | lets another session see `{from, to, task_ids}` |
 * | `POST /v1/tasks/delete-session` | takes the sight of all of them from `{session}`; they go on |
 * | `GET /v1/jobs?live=&limit=` | jobs of the job protocol that runs beside the host, the newest first |
 * | `GET /v1/jobs/:id` | one of them, with its input, its turn and how it ended |
 * | `POST /v1/jobs/:id/cancel` | asks for its end, `{reason?}`; says when it had ended before |
 * | `GET /v1/nodes?limit=` | for operators: the processes that drive sessions |
 * | `POST /v1/nodes/:id/pause`, `/resume` | for operators: it begins with nothing more, and goes on |
 * | `GET /v1/dead-letters?session=&limit=` | for operators: what followed from commits and could not be delivered, oldest first |
 * | `POST /v1/dead-letters/:id/retry`, `/discard` | for operators: tries it again, or forgets it (the `/` in its id as `%2F`) |
 * | `GET /v1/openapi.json` | without a token: the description of all of these |
 * | `GET /a/<key>` | by key, without a token: the page of an approval, or of what else the key answers. Decides nothing |
 * | `POST /a/<key>` | by key, without a token: decides it, by form or JSON; other waits take what `POST /v1/waits/:id` does |
 *
 * Every error is `{error: {code, message}}`.
 */
export function createHandler<P extends Principal, Tx = never>(
  host: Host<Tx>,
  options: HandlerOptions<P>,
): (request: Request) => Promise<Response> {
  const resolved: ResolvedOptions<P> = {
    ...options,
    maxBodyBytes: options.maxBodyBytes ?? 1024 * 1024,
    maxAttachmentBytes: options.maxAttachmentBytes ?? MAX_ATTACHMENT_BYTES,
    maxDepth: options.maxDepth ?? 64,
    heartbeatMs: options.heartbeatMs ?? 15_000,
    onError: options.onError ?? (() => undefined),
  };
  const basePath = (options.basePath ?? "").replace(/\/+$/, "");

  return async (request) => {
    try {
      return await answer(request, host as unknown as Host, basePath, resolved as unknown as ResolvedOptions);
    } catch (thrown) {
      const shown = shownError(thrown);
      if (shown.status >= 500) resolved.onError(thrown, request);
      return errorAnswer(shown);
    }
  };
}

/** The route that a path of this handler belongs to, and its parameters; for logs and figures. */
export function routeOf(
  pathname: string,
): { readonly path: string; readonly params: Readonly<Record<string, string>> } | undefined {
  return describePath(ROUTES, pathname);
}

function viewOf(host: Host, { name, tenant, operator }: Principal): HostView {
  if (operator === true) return host;
  return host.as({ principal: name, ...(tenant !== undefined && { tenant }) });
}

async function answer(
  request: Request,
  host: Host,
  basePath: string,
  options: ResolvedOptions,
): Promise<Response> {
  const url = new URL(request.url);
  const path = url.pathname.startsWith(`${basePath}/`) ? url.pathname.slice(basePath.length) : "";
  const key = keyOfPath(path);
  if (key !== undefined) return answerLink(request, key, host, options);
  if (path === OPENAPI_PATH && request.method === "GET")
    return jsonAnswer(200, openApiDocument(ROUTES, basePath));
  const principal = await options.authorize(request);
  if (principal === null) {
    throw httpError("unauthorized", "Send a valid token, with the header authorization: Bearer <token>.");
  }
  const match = matchRoute(ROUTES, request.method, path);
  if (match.found === "path") return methodNotAllowed(request.method, match.methods);
  if (match.found === "nothing") {
    throw httpError(
      "route_unknown",
      "There is nothing at this path. Routes begin with /v1/sessions, /v1/turns, /v1/waits, /v1/approvals, /v1/tasks, /v1/jobs, /v1/nodes and /v1/dead-letters.",
    );
  }
  const { scope } = match.route;
  if (principal.scopes !== undefined && !principal.scopes.includes(scope)) {
    throw httpError("scope_missing", `This token may not be used for this: it has no scope "${scope}".`);
  }
  return match.route.answer({
    request,
    url,
    params: match.params,
    principal,
    host: viewOf(host, principal),
    ...(principal.operator === true && { operator: host }),
    options,
  });
}
