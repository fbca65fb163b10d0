import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { ErrorCode, McpError, ToolListChangedNotificationSchema } from "@modelcontextprotocol/sdk/types.js";
import { PawlError } from "@pawl/core";
import type { McpCallOptions, McpClient, McpProblem, McpTool } from "@pawl/mcp-cache";
import { z } from "zod";
import { ConnectionLost, messageOf, peerError } from "../../errors.ts";
import { checkTool } from "../../tools/tool-check.ts";

/** What a transport adds for this adapter: it knows why it ended and what its own errors mean. */
export interface ConnectedTransport extends Transport {
  readonly lost?: () => Error | undefined;
  /** A transport's own error as one of ours; `undefined` if it is none of its own. */
  readonly explain?: (error: unknown) => PawlError | undefined;
  readonly problems?: () => readonly McpProblem[];
  /** The version that was agreed on. */
  readonly protocolVersion?: string | undefined;
}

export interface ConnectOptions {
  readonly server: string;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

// Lenient on purpose: one odd tool, one unknown kind of content must not cost the rest. checkTool() is strict per tool.
const listResult = z.looseObject({
  tools: z.array(z.unknown()),
  nextCursor: z.string().optional(),
  ttlMs: z.number().optional().catch(0),
  cacheScope: z.enum(["public", "private"]).optional().catch("private"),
});

const callResult = z.looseObject({
  content: z.array(z.looseObject({ type: z.string() })).default([]),
  structuredContent: z.record(z.string(), z.unknown()).optional(),
  isError: z.boolean().default(false),
});

/**
 * Connects with `@modelcontextprotocol/sdk` 1.x. The transport belongs to the client from here on; it is closed when
 * connecting fails.
 *
 * @throws PawlError `mcp_server_unavailable`, `mcp_server_timeout`, or what the transport says
 */
export async function connectSdkV1(
  transport: ConnectedTransport,
  options: ConnectOptions,
): Promise<McpClient> {
  const { server } = options;
  const client = new Client(
    { name: "pawl", version: "1" },
    {
      capabilities: {},
      // Answers are checked by us, against the schema that the turn was shown.
      jsonSchemaValidator: {
        getValidator: () => () => ({ valid: true, data: undefined as never, errorMessage: undefined }),
      },
    },
  );
  const closed = new AbortController();
  const closedListeners: ((cause?: Error) => void)[] = [];
  client.onclose = () => {
    const cause = transport.lost?.();
    closed.abort(cause);
    for (const listener of closedListeners) listener(cause);
  };
  // Stray lines, unknown responses: nothing that a caller could act on, and the transport counts what matters.
  client.onerror = () => {};

  let agreedVersion = "unknown";
  const setProtocolVersion = transport.setProtocolVersion?.bind(transport);
  transport.setProtocolVersion = (version) => {
    agreedVersion = version;
    setProtocolVersion?.(version);
  };

  try {
    await whileAwaited(options.signal, (signal) =>
      client.connect(transport, { signal, timeout: options.timeoutMs }),
    );
  } catch (thrown) {
    // It takes its time to end; whoever waits need not.
    transport.close().catch(() => {});
    options.signal.throwIfAborted();
    throw connectError(thrown);
  }

  const capabilities = client.getServerCapabilities();
  const version = client.getServerVersion();
  const changed: (() => void)[] = [];
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
    for (const listener of changed) listener();
  });

  return {
    facts: {
      name: version?.name ?? server,
      version: version?.version ?? "",
      protocolVersion: agreedVersion,
      tools: capabilities?.tools !== undefined,
      toolsListChanged: capabilities?.tools?.listChanged === true,
    },
    async listPage(cursor, { signal, timeoutMs }) {
      if (capabilities?.tools === undefined) {
        return {
          tools: [],
          problems: [{ code: "mcp_no_tools", message: "The server says that it offers no tools." }],
        };
      }
      const page = await asked({ signal, timeoutMs }, (wait) =>
        client.request(
          { method: "tools/list", params: cursor === undefined ? {} : { cursor } },
          listResult,
          wait,
        ),
      );
      const tools: McpTool[] = [];
      const problems: McpProblem[] = cursor === undefined ? [...(transport.problems?.() ?? [])] : [];
      for (const raw of page.tools) {
        const checked = checkTool(raw);
        if ("tool" in checked) tools.push(checked.tool);
        else problems.push(checked.problem);
      }
      return { tools, nextCursor: page.nextCursor, ttlMs: page.ttlMs, cacheScope: page.cacheScope, problems };
    },
    async callTool(request, { signal, timeoutMs }) {
      const meta =
        request.idempotencyKey === undefined ? undefined : { "pawl/idempotencyKey": request.idempotencyKey };
      const result = await asked({ signal, timeoutMs }, (wait) =>
        client.request(
          {
            method: "tools/call",
            params: {
              name: request.name,
              arguments: request.arguments,
              ...(meta === undefined ? {} : { _meta: meta }),
            },
          },
          callResult,
          { ...wait, onprogress: () => {}, resetTimeoutOnProgress: true },
        ),
      );
      return {
        content: result.content,
        isError: result.isError,
        ...(result.structuredContent === undefined ? {} : { structuredContent: result.structuredContent }),
      };
    },
    async ping({ signal, timeoutMs }) {
      await asked({ signal, timeoutMs }, (wait) => client.ping(wait));
    },
    onToolsChanged: (listener) => void changed.push(listener),
    onClosed: (listener) => {
      if (closed.signal.aborted) listener(transport.lost?.());
      else closedListeners.push(listener);
    },
    close: () => transport.close(),
  };

  /** Performs a request and says in our own terms how it failed. */
  async function asked<T>(
    { signal, timeoutMs }: McpCallOptions,
    request: (wait: { signal?: AbortSignal; timeout?: number }) => Promise<T>,
  ): Promise<T> {
    if (closed.signal.aborted) {
      throw new ConnectionLost(
        `The connection to the MCP server "${server}" has ended.`,
        false,
        transport.lost?.(),
      );
    }
    try {
      return await whileAwaited(signal, (own) =>
        request({ signal: own, ...(timeoutMs !== undefined && { timeout: timeoutMs }) }),
      );
    } catch (thrown) {
      signal?.throwIfAborted();
      throw requestError(thrown);
    }
  }

  function requestError(thrown: unknown): Error {
    const own = transport.explain?.(thrown);
    if (own !== undefined) return own;
    if (thrown instanceof PawlError) return thrown;
    if (thrown instanceof McpError) {
      if (thrown.code === ErrorCode.ConnectionClosed) {
        const cause = transport.lost?.();
        return new ConnectionLost(
          cause?.message ?? `The connection to the MCP server "${server}" ended.`,
          true,
          cause,
        );
      }
      if (thrown.code === ErrorCode.RequestTimeout) {
        return peerError("mcp_server_timeout", `The MCP server "${server}" did not answer in time.`, {
          cause: thrown,
        });
      }
      // The SDK puts its own words in front of the server's.
      const message = thrown.message.replace(/^MCP error -?\d+: /, "");
      return peerError("mcp_protocol_error", `The MCP server "${server}" refused: ${message}`, {
        details: { rpcCode: thrown.code },
        cause: thrown,
      });
    }
    if (closed.signal.aborted) {
      return new ConnectionLost(`The connection to the MCP server "${server}" ended.`, true, thrown);
    }
    return peerError(
      "mcp_protocol_error",
      `The MCP server "${server}" answered what cannot be understood: ${messageOf(thrown)}`,
      { cause: thrown },
    );
  }

  function connectError(thrown: unknown): Error {
    const lost = transport.lost?.();
    const known = transport.explain?.(thrown) ?? (lost instanceof PawlError ? lost : undefined);
    if (known !== undefined && known.code !== "mcp_connection_lost") return known;
    if (thrown instanceof McpError && thrown.code === ErrorCode.RequestTimeout) {
      return peerError(
        "mcp_server_timeout",
        `The MCP server "${server}" did not answer within ${options.timeoutMs} ms of being started. Check that it is an MCP server, or raise connectTimeoutMs.`,
        { cause: thrown },
      );
    }
    return peerError(
      "mcp_server_unavailable",
      `No connection to the MCP server "${server}". ${known?.message ?? messageOf(thrown)}`,
      { cause: thrown },
    );
  }
}

/**
 * Hands work a signal that follows `signal` only until the work is done. The SDK never lets go of a signal: without this a
 * turn that is aborted later would "cancel" every call that it had ever made.
 */
async function whileAwaited<T>(
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const own = new AbortController();
  const follow = () => own.abort(signal?.reason);
  if (signal?.aborted === true) follow();
  signal?.addEventListener("abort", follow, { once: true });
  try {
    return await work(own.signal);
  } finally {
    signal?.removeEventListener("abort", follow);
  }
}
