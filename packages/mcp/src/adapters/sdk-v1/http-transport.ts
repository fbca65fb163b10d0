import {
  StreamableHTTPClientTransport,
  StreamableHTTPError,
} from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ErrorCode, type JSONRPCMessage } from "@modelcontextprotocol/sdk/types.js";
import { PawlError } from "@pawl/core";
import type { McpCredential } from "../../auth.ts";
import { boundBody } from "../../connections/bounded-body.ts";
import { createFloodGate, MAX_MESSAGES_PER_SECOND } from "../../connections/flood-gate.ts";
import type { PinnedFetch } from "../../egress/pinned-fetch.ts";
import { ConnectionLost, peerError } from "../../errors.ts";
import type { ConnectedTransport } from "./connect-client.ts";

/*
 * Streamable HTTP on the SDK's transport, which lacks three things that this file adds: a bound on messages, an end for
 * requests whose stream breaks off without an answer, and knowledge of what a failure means for the connection.
 */

export interface HttpTransportOptions {
  readonly server: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Asked for every request. */
  readonly credential: (signal?: AbortSignal) => Promise<McpCredential | undefined>;
  readonly egress: PinnedFetch;
  readonly maxMessageBytes?: number;
  /** How long the server is given to note that the session is over. */
  readonly graceMs?: number;
}

const MAX_MESSAGE_BYTES = 10 * 1024 * 1024;
const GRACE_MS = 1_000;
/** The end of a stream is seen before its last message has passed the SDK's parsers; this is ample for them. */
const SETTLE_MS = 100;
const MAX_STREAMS_PER_SECOND = 5;
/** Headers that belong to the protocol; nothing configured may replace them. */
const PROTOCOL_HEADERS = new Set([
  "accept",
  "content-type",
  "content-length",
  "host",
  "mcp-session-id",
  "mcp-protocol-version",
  "last-event-id",
]);

/** A request did not reach the server's program. */
const NOT_SENT = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

export function createHttpTransport(options: HttpTransportOptions): ConnectedTransport {
  const { server, url, egress, maxMessageBytes = MAX_MESSAGE_BYTES, graceMs = GRACE_MS } = options;
  /** Requests that were sent and not answered. */
  const open = new Set<string | number>();
  const isTooMany = createFloodGate(MAX_MESSAGES_PER_SECOND);
  const isTooEager = createFloodGate(MAX_STREAMS_PER_SECOND);
  let ended: Error | undefined;
  let closing: Promise<void> | undefined;

  const sdk = new StreamableHTTPClientTransport(url, { fetch: guardedFetch });
  const transport: ConnectedTransport = {
    start: () => sdk.start(),
    async send(message) {
      if (ended !== undefined)
        throw new ConnectionLost(`The connection to the MCP server "${server}" has ended.`, false, ended);
      await sdk.send(message);
    },
    async close() {
      // Before the streams end, so that nobody takes their end for the server's doing.
      const wasOpen = ended === undefined;
      ended ??= new ConnectionLost(`The connection to the MCP server "${server}" was closed.`, true);
      closing ??= (async () => {
        if (wasOpen && sdk.sessionId !== undefined) {
          let timer: ReturnType<typeof setTimeout> | undefined;
          const grace = new Promise<void>((resolve) => {
            timer = setTimeout(resolve, graceMs);
          });
          await Promise.race([sdk.terminateSession().catch(() => {}), grace]);
          clearTimeout(timer);
        }
        await sdk.close();
        await egress.close();
      })();
      await closing;
    },
    setProtocolVersion: (version) => sdk.setProtocolVersion(version),
    get sessionId() {
      return sdk.sessionId;
    },
    lost: () => ended,
    explain,
  };
  sdk.onmessage = (message) => {
    if (ended !== undefined) return;
    if (isTooMany(1, performance.now())) {
      lose(
        peerError(
          "mcp_server_flooding",
          `The MCP server "${server}" sent more than ${MAX_MESSAGES_PER_SECOND} messages in a second and was disconnected.`,
        ),
      );
      return;
    }
    if ("id" in message && message.id !== undefined && !("method" in message)) open.delete(message.id);
    transport.onmessage?.(message);
  };
  sdk.onclose = () => transport.onclose?.();
  sdk.onerror = (error) => {
    transport.onerror?.(error);
    // The stream of notices is gone for good: changes would be missed from now on.
    if (/Maximum reconnection attempts/.test(error.message))
      lose(new ConnectionLost(error.message, true, error));
  };
  return transport;

  async function guardedFetch(target: string | URL, init: RequestInit = {}): Promise<Response> {
    // A server that ends its stream of notices at once and asks to be called again without delay has none.
    if (init.method === "GET" && isTooEager(1, performance.now())) return new Response(null, { status: 405 });
    const credential = await options.credential(init.signal ?? undefined);
    const headers = new Headers(init.headers);
    for (const [name, value] of Object.entries({ ...options.headers, ...credential?.headers })) {
      if (!PROTOCOL_HEADERS.has(name.toLowerCase())) headers.set(name, value);
    }
    const requests = requestIds(init.body);
    for (const id of requests) open.add(id);
    const response = await egress.fetch(new URL(target), { ...init, headers });
    return boundBody(response, maxMessageBytes, {
      tooLarge: () =>
        peerError(
          "mcp_message_too_large",
          `The MCP server "${server}" sent a message of more than ${maxMessageBytes} bytes and was disconnected.`,
        ),
      ended: (failure) => {
        if (failure instanceof PawlError) lose(failure);
        else setTimeout(() => abandon(requests), SETTLE_MS).unref();
      },
    });
  }

  /** Fails requests whose stream ended without an answer; the SDK would wait for their time-out. */
  function abandon(requests: readonly (string | number)[]): void {
    for (const id of requests) {
      if (!open.delete(id) || ended !== undefined) continue;
      const error = { code: ErrorCode.ConnectionClosed, message: "The stream ended before the answer." };
      transport.onmessage?.({ jsonrpc: "2.0", id, error } as JSONRPCMessage);
    }
  }

  function lose(cause: Error): void {
    if (ended !== undefined) return;
    ended = cause;
    void transport.close();
  }

  function explain(thrown: unknown): PawlError | undefined {
    for (let error = thrown, depth = 0; error instanceof Error && depth < 5; error = error.cause, depth++) {
      if (error instanceof PawlError) return error;
      const code = "code" in error ? error.code : undefined;
      if (typeof code === "string" && (NOT_SENT.has(code) || /^(?:ECONN|EPIPE|UND_ERR)/.test(code))) {
        return new ConnectionLost(
          `The MCP server "${server}" cannot be reached at ${url.origin} (${code}).`,
          !NOT_SENT.has(code),
          thrown,
        );
      }
    }
    return thrown instanceof StreamableHTTPError ? explainStatus(thrown) : undefined;
  }

  function explainStatus(error: StreamableHTTPError): PawlError {
    const status = error.code ?? 0;
    if (status === 401 || status === 403) {
      return peerError(
        "mcp_auth_required",
        `The MCP server "${server}" answered ${status}: it wants ${status === 401 ? "a credential" : "another credential"}. Configure \`auth\` for it, or log in again.`,
        { cause: error },
      );
    }
    // 404 with a session means that the session is over; some servers say it with 400 and words. Either way they have not
    // looked at the request.
    const sessionIsOver =
      status === 404 || (status === 400 && sdk.sessionId !== undefined && /session/i.test(error.message));
    if (sessionIsOver || status === 429) {
      return new ConnectionLost(
        `The MCP server "${server}" answered ${status} at ${url.origin}${url.pathname}.`,
        false,
        error,
      );
    }
    if (status >= 500)
      return new ConnectionLost(`The MCP server "${server}" answered ${status}.`, true, error);
    return peerError(
      "mcp_protocol_error",
      `The MCP server "${server}" refused with HTTP status ${status}. Check that ${url.origin}${url.pathname} speaks streamable HTTP.`,
      { cause: error },
    );
  }
}

function requestIds(body: RequestInit["body"]): readonly (string | number)[] {
  if (typeof body !== "string") return [];
  const parsed: unknown = JSON.parse(body);
  return (Array.isArray(parsed) ? parsed : [parsed]).flatMap((message: Record<string, unknown>) =>
    "method" in message && (typeof message.id === "string" || typeof message.id === "number")
      ? [message.id]
      : [],
  );
}
