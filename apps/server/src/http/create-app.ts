import type { Logger } from "@pawl/core/ports";
import type { Host } from "@pawl/host";
import { createHandler } from "@pawl/http";
import { Hono } from "hono";
import { createAuthorize } from "./check-token.ts";
import { checkMcpCommands } from "./mcp-command-policy.ts";

export interface AppOptions {
  readonly host: Host;
  readonly token: string;
  /** Names this start of the server, see server-file.ts. */
  readonly instance: string;
  readonly allowMcpCommands: boolean;
  readonly logger: Logger;
  /** Aborts when the server begins to stop. */
  readonly stopping: AbortSignal;
}

/** Everything that the server answers over HTTP. */
export function createApp({ host, token, instance, allowMcpCommands, logger, stopping }: AppOptions): Hono {
  const app = new Hono();
  const handle = createHandler(host, {
    authorize: createAuthorize(token),
    admit: ({ environment }) => checkMcpCommands(environment, allowMcpCommands),
    signal: stopping,
    onError: (thrown, request) => {
      const { pathname: path } = new URL(request.url);
      const error = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
      logger.error("A request failed.", { method: request.method, path, error });
    },
  });

  app.use(async (context, next) => {
    const began = performance.now();
    await next();
    const { method, path } = context.req;
    logger.debug("request", {
      method,
      // The rest of such a path is a key: whoever reads it could decide.
      path: path.startsWith("/a/") ? "/a/…" : path,
      status: context.res.status,
      ms: Math.round(performance.now() - began),
    });
  });
  // Alive: whoever answers this is a process that works. Nothing here is secret.
  app.get("/healthz", (context) => context.json({ status: "ok", name: "pawl", instance }));
  app.get("/readyz", async (context) => {
    const ready = !stopping.aborted && (await host.ready().catch(() => false));
    return context.json({ status: ready ? "ready" : "not_ready" }, ready ? 200 : 503);
  });
  app.all("/v1/*", (context) => handle(context.req.raw));
  // Links of approvals: the key in the path is all that is asked for.
  app.all("/a/*", (context) => handle(context.req.raw));
  app.notFound((context) =>
    context.json(
      {
        error: {
          code: "route_unknown",
          message: "There is nothing here. The API is at /v1, the health at /healthz and /readyz.",
        },
      },
      404,
    ),
  );
  return app;
}
