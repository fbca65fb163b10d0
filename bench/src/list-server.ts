import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { McpTool } from "@pawl/mcp-cache";

/** The version that it speaks, whatever it is asked for. */
const PROTOCOL = "2025-06-18";

interface RpcRequest {
  readonly id?: number | string;
  readonly method?: string;
}

/** MCP servers on loopback, any number of them by path, which offer the same tools and do nothing else. */
export interface ListServer {
  /** Of the server `name`. */
  url(name: string): string;
  /** How often a list was asked for. */
  readonly lists: number;
  close(): Promise<void>;
}

export async function startListServer(tools: readonly McpTool[]): Promise<ListServer> {
  let lists = 0;
  const answer = (method: string | undefined) => {
    if (method === "initialize") {
      const serverInfo = { name: "bench", version: "1.0.0" };
      return { result: { protocolVersion: PROTOCOL, capabilities: { tools: {} }, serverInfo } };
    }
    if (method === "tools/list") {
      lists += 1;
      return { result: { tools } };
    }
    return method === "ping" ? { result: {} } : { error: { code: -32601, message: "It only lists tools." } };
  };
  const server = createServer(async (request, response) => {
    // No stream of notices, no session to end.
    if (request.method !== "POST") return void response.writeHead(405).end();
    const { id, method } = await bodyOf(request);
    if (id === undefined) return void response.writeHead(202).end();
    const body = JSON.stringify({ jsonrpc: "2.0", id, ...answer(method) });
    response.writeHead(200, { "content-type": "application/json" }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: (name) => `http://127.0.0.1:${port}/${name}`,
    get lists() {
      return lists;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function bodyOf(request: IncomingMessage): Promise<RpcRequest> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) text += chunk;
  return JSON.parse(text) as RpcRequest;
}
