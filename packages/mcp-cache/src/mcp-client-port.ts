/** A tool as its server describes it, checked to be usable. `name` is the server's own. */
export interface McpTool {
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly inputSchema: { readonly [key: string]: unknown };
  readonly outputSchema?: { readonly [key: string]: unknown };
  readonly annotations?: {
    readonly title?: string;
    readonly readOnlyHint?: boolean;
    readonly destructiveHint?: boolean;
    readonly idempotentHint?: boolean;
    readonly openWorldHint?: boolean;
  };
}

/** Something about a server or one of its tools that a person should know; nothing fails because of it. */
export interface McpProblem {
  readonly code: string;
  readonly message: string;
  /** The server's own name of the tool concerned. */
  readonly tool?: string;
}

/** One page of `tools/list`. */
export interface ToolPage<Tool> {
  readonly tools: readonly Tool[];
  readonly nextCursor?: string | undefined;
  /** How long the server says that this page may be kept, in milliseconds. */
  readonly ttlMs?: number | undefined;
  readonly cacheScope?: "public" | "private" | undefined;
  readonly problems?: readonly McpProblem[] | undefined;
}

export interface McpServerFacts {
  readonly name: string;
  readonly version: string;
  readonly protocolVersion: string;
  /** The server offers tools at all. */
  readonly tools: boolean;
  /** The server says that it will tell when its list of tools changes. */
  readonly toolsListChanged: boolean;
}

export interface McpCallRequest {
  readonly name: string;
  readonly arguments: { readonly [key: string]: unknown };
  /** Handed to the server under `_meta`, for servers that can tell a repetition by it. */
  readonly idempotencyKey?: string;
}

export interface McpCallResult {
  readonly content: readonly { readonly type: string; readonly [key: string]: unknown }[];
  readonly structuredContent?: { readonly [key: string]: unknown };
  readonly isError: boolean;
}

export interface McpCallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Longest silence, in milliseconds: a server that reports progress is given the same again. */
  readonly timeoutMs?: number | undefined;
}

/**
 * One live connection to one MCP server: all that Pawl needs of an MCP client library, so that the library is
 * an adapter. Every method rejects once the connection is lost.
 */
export interface McpClient {
  readonly facts: McpServerFacts;
  listPage(cursor: string | undefined, options: McpCallOptions): Promise<ToolPage<McpTool>>;
  callTool(request: McpCallRequest, options: McpCallOptions): Promise<McpCallResult>;
  /** Resolves if the server answers at all. */
  ping(options: McpCallOptions): Promise<void>;
  /** Calls back for each notice that the list of tools changed. */
  onToolsChanged(listener: () => void): void;
  /** Calls back once when the connection is lost or closed. */
  onClosed(listener: (cause?: Error) => void): void;
  /** Ends the connection and whatever process it owns. Safe to call twice. */
  close(): Promise<void>;
}
