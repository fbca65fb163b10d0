import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { onTestFinished } from "vitest";

/** Listens on loopback until the test ends. */
export async function listen(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server: Server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
}

export interface Bridge {
  readonly url: string;
  /** What the requests carried, oldest first. */
  readonly headers: readonly IncomingMessage["headers"][];
  /** Ends every MCP session, as a restart of the server would. */
  forgetSessions(): Promise<void>;
}

/** A stdio server behind streamable HTTP: each MCP session is a process of its own. */
export async function overHttp(words: readonly string[]): Promise<Bridge> {
  const sessions = new Map<string, { http: StreamableHTTPServerTransport; stdio: StdioClientTransport }>();
  const headers: IncomingMessage["headers"][] = [];
  const [command, ...args] = words;

  async function startSession(): Promise<StreamableHTTPServerTransport> {
    const stdio = new StdioClientTransport({ command: command as string, args, stderr: "ignore" });
    const http = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (id) => void sessions.set(id, { http, stdio }),
    });
    http.onmessage = (message) => void stdio.send(message);
    http.onclose = () => void stdio.close();
    stdio.onmessage = (message) => void http.send(message).catch(() => {});
    await stdio.start();
    await http.start();
    return http;
  }

  const url = await listen(async (request, response) => {
    headers.push(request.headers);
    const id = request.headers["mcp-session-id"];
    const known = typeof id === "string" ? sessions.get(id)?.http : undefined;
    if (typeof id === "string" && known === undefined) {
      response.writeHead(404, { "content-type": "application/json" });
      response.end(
        JSON.stringify({ jsonrpc: "2.0", id: null, error: { code: -32001, message: "Session not found" } }),
      );
      return;
    }
    await (known ?? (await startSession())).handleRequest(request, response);
  });

  async function forgetSessions(): Promise<void> {
    const ending = [...sessions.values()];
    sessions.clear();
    await Promise.all(ending.map(({ http }) => http.close()));
  }
  onTestFinished(forgetSessions);
  return { url, headers, forgetSessions };
}
