import type { Logger } from "@pawl/core/ports";
import type { Host } from "@pawl/host";
import { createHandler, type Jobs } from "@pawl/http";
import { type Context, Hono } from "hono";
import { cors } from "hono/cors";
import type { LimitKeeper } from "../limits/limit-keeper.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { Principals } from "../principals/principals.ts";
import { bearerToken, createAuthorize, type RequestPrincipal } from "./authorize.ts";
import { checkMcpCommands } from "./mcp-command-policy.ts";
import { requestIdOf, requestLog } from "./request-log.ts";
import { securityHeaders } from "./security-headers.ts";
import type { TokenWatch } from "./token-watch.ts";

export interface AppOptions {
  readonly host: Host;
  readonly principals: Principals;
  readonly limits: LimitKeeper;
  readonly metrics: Metrics;
  readonly watch: TokenWatch;
  /** Names this start of the server, see server-file.ts. */
  readonly instance: string;
  /** What a principal may know of jobs; absent: nothing. */
  readonly jobs?: (principal: RequestPrincipal) => Jobs;
  readonly allowMcpCommands: boolean;
  readonly corsOrigins: readonly string[];
  readonly logger: Logger;
  /** Aborts when the server begins to stop. */
  readonly stopping: AbortSignal;
  /** Where a request came from; one address for all when it is not known. */
  readonly addressOf?: (context: Context) => string;
}

/** Everything that the server answers over HTTP. */
export function createApp(options: AppOptions): Hono {
  const { host, limits, metrics, watch, instance, allowMcpCommands, logger, stopping } = options;
  const { addressOf = () => "" } = options;
  const known = new WeakMap<Request, RequestPrincipal>();
  const addresses = new WeakMap<Request, string>();
  const find = createAuthorize(options.principals);

  /** Strangers and principals are counted, whatever they ask for. */
  async function authorize(request: Request): Promise<RequestPrincipal | null> {
    const principal = await find(request);
    if (principal === null) {
      if (bearerToken(request) !== undefined) await limits.stranger(addresses.get(request) ?? "");
      return null;
    }
    known.set(request, principal);
    await limits.request(principal);
    return principal;
  }

  const handle = createHandler<RequestPrincipal>(host, {
    authorize,
    async admit(input, principal, view) {
      checkMcpCommands(input.environment, allowMcpCommands);
      await limits.input(input.sessionId, principal, view);
    },
    admitStream(principal) {
      const leave = limits.stream(principal);
      const { signal, release } = watch.watch(principal.token);
      metrics.streams(1);
      return {
        signal,
        release() {
          leave();
          release();
          metrics.streams(-1);
        },
      };
    },
    ...(options.jobs !== undefined && { jobs: options.jobs }),
    signal: stopping,
    onError: (thrown, request) => failed(logger, thrown, request),
  });
  const ask = (context: Context) => {
    addresses.set(context.req.raw, addressOf(context));
    return handle(context.req.raw);
  };

  const app = new Hono();
  app.use(requestLog({ logger, metrics, principalOf: (request) => known.get(request)?.name }));
  app.use(securityHeaders());
  if (options.corsOrigins.length > 0) app.use("/v1/*", corsFor(options.corsOrigins));
  // Alive: whoever answers this is a process that works. Nothing here is secret.
  app.get("/healthz", (context) => context.json({ status: "ok", name: "pawl", instance }));
  app.get("/readyz", async (context) => {
    const ready = !stopping.aborted && (await host.ready().catch(() => false));
    return context.json({ status: ready ? "ready" : "not_ready" }, ready ? 200 : 503);
  });
  app.get("/metrics", async (context) => {
    const principal = await find(context.req.raw);
    if (principal === null) return unauthorized(context);
    if (!mayReadMetrics(principal)) {
      const message = 'This token may not be used for this: it has no scope "metrics".';
      return context.json({ error: { code: "scope_missing", message } }, 403);
    }
    return context.text(await metrics.render(), 200, { "content-type": metrics.contentType });
  });
  app.all("/v1/*", ask);
  // Links of approvals: the key in the path is all that is asked for.
  app.all("/a/*", ask);
  app.notFound((context) => {
    const message = "There is nothing here. The API is at /v1, the health at /healthz and /readyz.";
    return context.json({ error: { code: "route_unknown", message } }, 404);
  });
  app.onError((thrown, context) => {
    failed(logger, thrown, context.req.raw);
    const message = "Something went wrong in the server. Its log says more.";
    return context.json({ error: { code: "internal_error", message } }, 500);
  });
  return app;
}

/** Figures are about everybody, so they are for the operator, and for tokens that were made for them. */
function mayReadMetrics({ operator, scopes }: RequestPrincipal): boolean {
  return scopes === undefined ? operator === true : scopes.includes("metrics");
}

function unauthorized(context: Context): Response {
  const message = "Send a valid token, with the header authorization: Bearer <token>.";
  return context.json({ error: { code: "unauthorized", message } }, 401, { "www-authenticate": "Bearer" });
}

/** Pages of these origins may use the API with a token. They have no cookies to send. */
function corsFor(origins: readonly string[]) {
  return cors({
    origin: origins.includes("*") ? "*" : [...origins],
    allowHeaders: ["authorization", "content-type", "last-event-id", "traceparent", "x-request-id"],
    allowMethods: ["GET", "POST"],
    exposeHeaders: ["retry-after", "x-request-id"],
    maxAge: 600,
  });
}

function failed(logger: Logger, thrown: unknown, request: Request): void {
  const { pathname } = new URL(request.url);
  const error = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  const requestId = requestIdOf(request);
  const path = pathname.startsWith("/a/") ? "/a/…" : pathname;
  logger.error("A request failed.", {
    method: request.method,
    path,
    error,
    ...(requestId !== undefined && { requestId }),
  });
}
