import { randomUUID } from "node:crypto";
import type { Logger } from "@pawl/core/ports";
import { routeOf } from "@pawl/http";
import type { MiddlewareHandler } from "hono";
import type { Metrics } from "../metrics/metrics.ts";

/** What a client or a proxy may call a request; anything else gets an id of ours. */
const REQUEST_ID = /^[A-Za-z0-9_.:-]{8,128}$/;
/** W3C trace context. */
const TRACE_PARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Looked at all the time by machines. */
const QUIET: ReadonlySet<string> = new Set(["/healthz", "/readyz", "/metrics"]);

export interface RequestLogOptions {
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Who was found to make this request. */
  readonly principalOf: (request: Request) => string | undefined;
}

/** Gives each request an id, which its answer carries, and says in one line what came of it: never a key, a token or a query. */
export function requestLog({ logger, metrics, principalOf }: RequestLogOptions): MiddlewareHandler {
  return async (context, next) => {
    const began = performance.now();
    const given = context.req.header("x-request-id") ?? "";
    const requestId = REQUEST_ID.test(given) ? given : randomUUID();
    requestIds.set(context.req.raw, requestId);
    await next();
    const { method } = context.req;
    const { status } = context.res;
    const { route, ids, path } = describe(context.req.path);
    const ms = Math.round(performance.now() - began);
    context.res.headers.set("x-request-id", requestId);
    metrics.request({ method: METHODS.has(method) ? method : "other", route, status, ms });
    const traceId = TRACE_PARENT.exec(context.req.header("traceparent") ?? "")?.[1];
    const principal = principalOf(context.req.raw);
    const level =
      status >= 500 ? "error" : QUIET.has(path) || (method === "GET" && status < 400) ? "debug" : "info";
    logger[level]("request", {
      requestId,
      method,
      path,
      status,
      ms,
      ...ids,
      ...(principal !== undefined && { principal }),
      ...(traceId !== undefined && { traceId }),
    });
  };
}

const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "OPTIONS"]);
const requestIds = new WeakMap<Request, string>();

/** The id that the answer to this request carries. */
export function requestIdOf(request: Request): string | undefined {
  return requestIds.get(request);
}

function describe(path: string) {
  // The rest of such a path is a key: whoever reads it could decide.
  if (path.startsWith("/a/")) return { route: "/a/:key", path: "/a/…", ids: {} };
  if (QUIET.has(path)) return { route: path, path, ids: {} };
  const found = routeOf(path);
  if (found === undefined) return { route: "other", path: path.slice(0, 200), ids: {} };
  const ids = Object.fromEntries(Object.entries(found.params).map(([name, value]) => [`${name}Id`, value]));
  return { route: found.path, path: path.slice(0, 500), ids };
}
