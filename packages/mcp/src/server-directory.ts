import { PawlError } from "@pawl/core";
import {
  type DiscoveryCache,
  type DiscoveryKey,
  type DiscoveryResult,
  discoveryKey,
  fingerprint,
  type McpClient,
  type McpServerFacts,
  type McpTool,
  type PageLimits,
  readAllPages,
} from "@pawl/mcp-cache";
import { type McpAuthProvider, type McpCredential, principalOf } from "./auth.ts";
import type { McpServerConfig } from "./config/server-config.ts";
import type { ConnectServer } from "./connections/connect-server.ts";
import type { ConnectionPool } from "./connections/connection-pool.ts";
import type {
  ServerConnection,
  ServerConnectionOptions,
  UseOptions,
} from "./connections/server-connection.ts";
import { isInvalidCursor } from "./errors.ts";

/*
 * Where cache, connections and credentials meet: one server as one session sees it.
 *
 * The directory owns the keys and the refreshes; the cache decides when one is needed; the pool holds what is
 * connected. A refresh asks the auth provider anew and goes through the same connection as the calls.
 */

/** A server for one session and principal. */
export interface ServerSeat {
  readonly config: McpServerConfig;
  readonly session: string;
  readonly principal: string | undefined;
  readonly key: DiscoveryKey;
}

export interface ListOptions {
  readonly signal?: AbortSignal | undefined;
  readonly force?: boolean;
}

export interface ServerDirectory {
  seat(config: McpServerConfig, session: string, signal: AbortSignal | undefined): Promise<ServerSeat>;
  list(seat: ServerSeat, options: ListOptions): Promise<DiscoveryResult<McpTool>>;
  /** Does something with a live client, see ServerConnection. */
  use<T>(seat: ServerSeat, work: (client: McpClient) => Promise<T>, options: UseOptions): Promise<T>;
  facts(seat: ServerSeat): McpServerFacts | undefined;
  /** The server still offers this very list as far as anybody knows; costs nothing. */
  stillOffers(seat: ServerSeat, tools: readonly McpTool[]): boolean;
}

export interface ServerDirectoryOptions
  extends Pick<ServerConnectionOptions, "clock" | "random" | "backoff" | "idleMs"> {
  readonly cache: DiscoveryCache<McpTool>;
  readonly pool: ConnectionPool;
  readonly limits: PageLimits;
  readonly auth: McpAuthProvider | undefined;
  /** How long after a change notice the list is fetched again; more notices meanwhile are one. */
  readonly noticeDelayMs: number;
  readonly connect: ConnectServer;
}

const AUTH_TIMEOUT_MS = 15_000;

/** A turn that begins does not wait for a server that keeps failing. */
const LIST_PATIENCE_MS = 500;

export function createServerDirectory(options: ServerDirectoryOptions): ServerDirectory {
  const { cache, pool, auth, clock } = options;
  const fingerprints = new WeakMap<McpServerConfig, Promise<string>>();
  /** What servers said of themselves, for reports; kept by configuration, so it cannot grow without bound. */
  const lastFacts = new WeakMap<McpServerConfig, McpServerFacts>();

  async function credentialOf(
    config: McpServerConfig,
    signal?: AbortSignal,
  ): Promise<McpCredential | undefined> {
    if (config.kind !== "http" || config.auth.mode === "none") return undefined;
    if (auth === undefined) {
      throw new PawlError(
        "mcp_auth_required",
        `The MCP server "${config.name}" is configured with auth mode ${config.auth.mode}, but there is no auth provider: pass \`auth\`.`,
      );
    }
    const { mode, providerId } = config.auth;
    return answersWithin(auth.credential({ server: config.name, mode, providerId }, { signal }), config.name);
  }

  /** An auth provider that hangs must not hold up turns. */
  function answersWithin<T>(credential: Promise<T>, server: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = clock.setTimer(() => {
        const message = `The auth provider did not answer for the MCP server "${server}" within ${AUTH_TIMEOUT_MS} ms.`;
        reject(new PawlError("mcp_auth_required", message));
      }, AUTH_TIMEOUT_MS);
      Promise.resolve(credential).then(resolve, reject).finally(cancel);
    });
  }

  function fingerprintOf(config: McpServerConfig): Promise<string> {
    let known = fingerprints.get(config);
    if (known === undefined) {
      const { name: _name, trusted: _trusted, required: _required, ...reach } = config;
      known = fingerprint({ ...reach, url: config.kind === "http" ? config.url.href : undefined });
      fingerprints.set(config, known);
    }
    return known;
  }

  function connectionOf(seat: ServerSeat): ServerConnection {
    const { config, session, principal } = seat;
    const owner = { session, server: config.name, principal };
    return pool.connection(owner, () => {
      let noticed = false;
      const target = { session, server: config.name };
      return {
        server: config.name,
        connectTimeoutMs: config.connectTimeoutMs,
        clock,
        random: options.random,
        backoff: options.backoff,
        idleMs: options.idleMs,
        connect: async (signal) => {
          const client = await options.connect(
            config,
            async (requestSignal) => {
              const credential = await credentialOf(config, requestSignal);
              if ((await principalOf(credential)) === principal) return credential;
              throw new PawlError(
                "mcp_principal_changed",
                `The auth provider now answers for somebody else at the MCP server "${config.name}". The next turn will connect anew.`,
              );
            },
            signal,
          );
          lastFacts.set(config, client.facts);
          return client;
        },
        onToolsChanged: () => {
          // At once, so that nobody is served the old list; the fetch itself may wait for more notices.
          cache.invalidate(target, "changed");
          if (noticed) return;
          noticed = true;
          clock.setTimer(() => {
            noticed = false;
            // A session that was forgotten meanwhile must not come back through this.
            if (pool.existing(owner) === undefined) return;
            void cache.resolve(seat.key, refreshOf(seat), resolveOptions(seat));
          }, options.noticeDelayMs);
        },
        onLost: (facts) => {
          if (facts.toolsListChanged) cache.invalidate(target, "suspect");
        },
      };
    });
  }

  function refreshOf(seat: ServerSeat) {
    return async ({ signal }: { readonly signal: AbortSignal }) =>
      connectionOf(seat).use(
        (client) =>
          readAllPages((cursor) => client.listPage(cursor, { signal }), options.limits, isInvalidCursor),
        // Pacing of failures is the cache's: one try now, the next after its negative window.
        { signal, attempts: 1, patienceMs: LIST_PATIENCE_MS, repeatable: true },
      );
  }

  function resolveOptions({ config }: ServerSeat) {
    return { ttlMs: config.ttlMs, policy: config.policy };
  }

  return {
    async seat(config, session, signal) {
      const principal = await principalOf(await credentialOf(config, signal));
      const configuration = await fingerprintOf(config);
      return {
        config,
        session,
        principal,
        key: discoveryKey({ session, server: config.name, configuration, principal }),
      };
    },
    list: (seat, { signal, force }) =>
      cache.resolve(seat.key, refreshOf(seat), { ...resolveOptions(seat), signal, force }),
    use: async (seat, work, useOptions) => connectionOf(seat).use(work, useOptions),
    stillOffers: (seat, tools) => cache.stillHolds(seat.key, tools),
    facts: (seat) => {
      const { session, principal, config } = seat;
      return pool.existing({ session, server: config.name, principal })?.facts() ?? lastFacts.get(config);
    },
  };
}
