import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import type { Store } from "@pawl/core/ports";
import type { Host } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { recordingLogger } from "@pawl/testing";
import type { Hono } from "hono";
import { type AppOptions, createApp } from "../../src/http/create-app.ts";
import { createTokenWatch } from "../../src/http/token-watch.ts";
import { DEFAULT_LIMITS, type Limits } from "../../src/limits/default-limits.ts";
import { createLimitKeeper } from "../../src/limits/limit-keeper.ts";
import { createMetrics } from "../../src/metrics/metrics.ts";
import { fixedPrincipals } from "../../src/principals/fixed-principals.ts";
import { firstOf } from "../../src/principals/principals.ts";
import { storedPrincipals } from "../../src/principals/stored-principals.ts";
import { makeToken, tokenDigest } from "../../src/tokens/token.ts";

/** The operator's. */
export const TOKEN = "the-right-token-of-this-server";

export interface AppUnderTest {
  readonly app: Hono;
  readonly logger: ReturnType<typeof recordingLogger>;
  readonly stopping: AbortController;
  /** Makes a token for a principal, as `pawl token create` does. */
  token(
    principal: string,
    more?: { readonly scopes?: readonly string[]; readonly ttlMs?: number },
  ): Promise<{
    readonly token: string;
    readonly tokenId: string;
  }>;
  listen(options?: {
    readonly slowClientMs?: number;
  }): Promise<{ readonly url: string; readonly port: number; close(): void }>;
}

export interface AppUnderTestOptions
  extends Partial<Pick<AppOptions, "allowMcpCommands" | "corsOrigins" | "jobs">> {
  readonly limits?: Partial<Limits>;
  readonly store?: Store;
  /** How long a token is believed in. Default 0: it is asked for each time. */
  readonly believeMs?: number;
  readonly watchMs?: number;
}

export function appUnderTest(host: Host, options: AppUnderTestOptions = {}): AppUnderTest {
  const { store = memoryStore(), believeMs = 0, watchMs = 20 } = options;
  const stopping = new AbortController();
  const logger = recordingLogger();
  const principals = firstOf(
    fixedPrincipals([[TOKEN, { principal: "operator" }]]),
    storedPrincipals({ tokens: store.tokens, now: Date.now, believeMs }),
  );
  let server: Server | undefined;
  const metrics = createMetrics({ counts: () => host.counts(), sockets: async () => 0 });
  const app = createApp({
    host,
    principals,
    limits: createLimitKeeper({ limits: { ...DEFAULT_LIMITS, ...options.limits }, refused: metrics.refused }),
    metrics,
    watch: createTokenWatch(principals, watchMs),
    instance: "i1",
    allowMcpCommands: options.allowMcpCommands ?? false,
    corsOrigins: options.corsOrigins ?? [],
    ...(options.jobs !== undefined && { jobs: options.jobs }),
    logger,
    stopping: stopping.signal,
  });
  return {
    app,
    logger,
    stopping,
    async token(principal, more = {}) {
      const { token, tokenId } = makeToken();
      await store.tokens.create({ tokenId, digest: tokenDigest(token), principal, ...more });
      return { token, tokenId };
    },
    async listen({ slowClientMs } = {}) {
      server = createAdaptorServer({ fetch: app.fetch }) as Server;
      if (slowClientMs !== undefined) server.timeout = slowClientMs;
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      const { port } = server.address() as AddressInfo;
      return {
        port,
        url: `http://127.0.0.1:${port}`,
        close() {
          server?.closeAllConnections();
          server?.close();
        },
      };
    },
  };
}
