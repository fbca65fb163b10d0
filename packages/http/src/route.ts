import type { Host, HostView } from "@pawl/host";
import type { HandlerOptions, Principal } from "./create-handler.ts";
import type { RouteDoc, Scope } from "./openapi/route-doc.ts";

/** One request on its way through a route. */
export interface Call<P extends Principal = Principal> {
  readonly request: Request;
  readonly url: URL;
  readonly params: Readonly<Record<string, string>>;
  readonly principal: P;
  /** As the principal sees it. */
  readonly host: HostView<never>;
  /** What concerns everybody; only for operators. */
  readonly operator?: Pick<Host<never>, "prune" | "nodes" | "deadLetters">;
  readonly options: ResolvedOptions<P>;
}

/** The handler's options with their defaults. */
export type ResolvedOptions<P extends Principal = Principal> = HandlerOptions<P> &
  Required<
    Pick<HandlerOptions<P>, "maxBodyBytes" | "maxAttachmentBytes" | "maxDepth" | "heartbeatMs" | "onError">
  >;

export interface Route {
  readonly method: "GET" | "POST";
  /** Segments; those that begin with `:` are parameters. */
  readonly path: string;
  /** What a token needs to be for. */
  readonly scope: Scope;
  readonly doc: RouteDoc;
  readonly answer: (call: Call) => Promise<Response>;
}

export type Match =
  | { readonly found: "route"; readonly route: Route; readonly params: Readonly<Record<string, string>> }
  /** The path exists for other methods. */
  | { readonly found: "path"; readonly methods: readonly string[] }
  | { readonly found: "nothing" };

/** The route of a request. Pure. A parameter that is not well encoded matches nothing. */
export function matchRoute(routes: readonly Route[], method: string, pathname: string): Match {
  const methods: string[] = [];
  for (const route of routes) {
    const params = matchPath(route.path, pathname);
    if (params === undefined) continue;
    if (route.method === method) return { found: "route", route, params };
    methods.push(route.method);
  }
  return methods.length > 0 ? { found: "path", methods } : { found: "nothing" };
}

/** The route of a path and its parameters, for logs and figures: of any method, undefined for a path that is none. Pure. */
export function describePath(
  routes: readonly Route[],
  pathname: string,
): { readonly path: string; readonly params: Readonly<Record<string, string>> } | undefined {
  for (const { path } of routes) {
    const params = matchPath(path, pathname);
    if (params !== undefined) return { path, params };
  }
  return undefined;
}

function matchPath(path: string, pathname: string): Readonly<Record<string, string>> | undefined {
  const expected = path.split("/");
  const given = pathname.split("/");
  if (expected.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, segment] of expected.entries()) {
    const text = given[index] as string;
    if (!segment.startsWith(":")) {
      if (segment !== text) return undefined;
      continue;
    }
    const value = decode(text);
    if (value === undefined || value === "") return undefined;
    params[segment.slice(1)] = value;
  }
  return params;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
