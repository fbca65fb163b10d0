import { lookup as systemLookup } from "node:dns/promises";
import type { LookupFunction } from "node:net";
import { PawlError } from "@pawl/core";
import { Agent, type RequestInit as UndiciRequestInit, fetch as undiciFetch } from "undici";
import { type AddressPolicy, bareHost, isLiteral } from "./address-policy.ts";

/*
 * The one door through which this package makes HTTP requests.
 *
 * X1  Only http and https; plain http only to what configuration allows.
 * X2  Every address that a name resolves to must be allowed, and the connection is made to one of exactly those: the
 *     check happens inside of the connection's own look-up, so there is no second resolution to be fooled by.
 * X3  A redirect leaves this origin never; within it, each hop passes X1 and X2 again.
 * X4  Proxies of the environment are not used: they would resolve names for us.
 */

export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

export type ResolveHost = (host: string) => Promise<readonly ResolvedAddress[]>;

export interface PinnedFetchOptions {
  /** For messages to people. */
  readonly server: string;
  readonly policy: AddressPolicy;
  readonly resolve?: ResolveHost;
  readonly resolveTimeoutMs?: number;
}

export interface PinnedFetch {
  fetch(url: URL, init: RequestInit): Promise<Response>;
  /** Ends its connections. */
  close(): Promise<void>;
}

const RESOLVE_TIMEOUT_MS = 5_000;
/** A server may think for a long time before it answers; the caller's own time-out ends the wait sooner. */
const HEADERS_TIMEOUT_MS = 600_000;

export function createPinnedFetch(options: PinnedFetchOptions): PinnedFetch {
  const { server, policy, resolve = resolveWithSystem, resolveTimeoutMs = RESOLVE_TIMEOUT_MS } = options;

  async function allowedAddresses(host: string): Promise<readonly ResolvedAddress[]> {
    const addresses = await withTimeout(resolve(host), resolveTimeoutMs, () =>
      refused(server, `the name "${host}" was not resolved within ${resolveTimeoutMs} ms`),
    );
    if (addresses.length === 0) throw refused(server, `the name "${host}" has no address`);
    if (policy.allowsHost(host)) return addresses;
    for (const { address } of addresses) {
      const range = policy.refusedRange(address);
      if (range !== undefined) throw refusedAddress(server, host, address, range);
    }
    return addresses;
  }

  const pinnedLookup: LookupFunction = (host, wanted, callback) => {
    allowedAddresses(host).then(
      (addresses) => {
        const first = addresses[0] as ResolvedAddress;
        if (wanted.all === true) callback(null, [...addresses]);
        else callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, ""),
    );
  };

  const agent = new Agent({
    connect: { lookup: pinnedLookup, timeout: 10_000 },
    headersTimeout: HEADERS_TIMEOUT_MS,
    // Streams of server messages are silent for hours.
    bodyTimeout: 0,
  });

  /** X1, and X2 for what is never looked up. */
  async function checkTarget(url: URL): Promise<void> {
    if (url.protocol !== "https:" && url.protocol !== "http:") {
      throw refused(server, `only http and https are spoken, not ${url.protocol}//`);
    }
    const host = bareHost(url.hostname);
    if (isLiteral(host)) {
      const range = policy.refusedRange(host);
      if (range !== undefined) throw refusedAddress(server, host, host, range);
    }
    if (url.protocol === "https:" || policy.allowsHost(host)) return;
    const addresses = isLiteral(host) ? [{ address: host }] : await allowedAddresses(host);
    if (addresses.every(({ address }) => policy.allowsAddress(address))) return;
    throw refused(
      server,
      `${url.origin} is plain http, which anybody on the way can read; use https, or put "${host}" into \`allow\``,
    );
  }

  return {
    async fetch(url, init) {
      await checkTarget(url);
      const response = await undiciFetch(url, {
        ...(init as UndiciRequestInit),
        dispatcher: agent,
        redirect: "manual",
      });
      const location =
        response.status >= 300 && response.status < 400 ? response.headers.get("location") : null;
      const target = location !== null && URL.canParse(location, url) ? new URL(location, url) : undefined;
      if (target !== undefined && !isSameOrigin(url, target)) {
        await response.body?.cancel();
        throw refused(
          server,
          `${url.origin} redirects to ${target.origin}; if that is right, configure ${target.origin}${target.pathname} as its address`,
        );
      }
      return response as unknown as Response;
    },
    close: () => agent.destroy(),
  };
}

/** X3: the same origin, or its https form. */
function isSameOrigin(from: URL, to: URL): boolean {
  if (to.username !== "" || to.password !== "") return false;
  if (from.origin === to.origin) return true;
  return (
    from.hostname === to.hostname &&
    from.protocol === "http:" &&
    to.protocol === "https:" &&
    from.port === "" &&
    to.port === ""
  );
}

async function resolveWithSystem(host: string): Promise<readonly ResolvedAddress[]> {
  return systemLookup(host, { all: true, verbatim: true });
}

function refusedAddress(server: string, host: string, address: string, range: string): PawlError {
  const where = host === address ? address : `"${host}" is at ${address}, which`;
  return refused(
    server,
    `${where} is not a public address (${range}); if it should be reached, put "${host}" into \`allow\``,
  );
}

function refused(server: string, why: string): PawlError {
  return new PawlError("mcp_egress_refused", `The MCP server "${server}" was not contacted: ${why}.`);
}

function withTimeout<T>(promise: Promise<T>, timeMs: number, error: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(error()), timeMs);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
