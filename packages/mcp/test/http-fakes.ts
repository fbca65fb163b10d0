import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { listen } from "./http-bridge.ts";

export const odd = (...args: string[]) => [
  process.execPath,
  join(import.meta.dirname, "fixtures/odd-server.mjs"),
  ...args,
];
export const allow = ["127.0.0.1"];

/** The least that a streamable HTTP server can be; `answer` may take over a call. */
export async function fakeServer(options: {
  readonly onRequest?: (request: IncomingMessage, response: ServerResponse) => unknown;
  readonly answer?: (response: ServerResponse, id: number) => void;
}): Promise<string> {
  return listen((request, response) => {
    if (options.onRequest?.(request, response) === true) return;
    if (request.method !== "POST") {
      response.writeHead(request.method === "DELETE" ? 200 : 405).end();
      return;
    }
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      const { id, method, params } = JSON.parse(body);
      if (id === undefined) {
        response.writeHead(202).end();
        return;
      }
      if (method === "tools/call" && options.answer !== undefined) {
        options.answer(response, id);
        return;
      }
      const result =
        method === "initialize"
          ? {
              protocolVersion: params.protocolVersion,
              capabilities: { tools: {} },
              serverInfo: { name: "fake", version: "1" },
            }
          : method === "tools/list"
            ? { tools: [{ name: "act", inputSchema: { type: "object" } }] }
            : { content: [{ type: "text", text: "done" }] };
      response.writeHead(200, { "content-type": "application/json", "mcp-session-id": "one" });
      response.end(JSON.stringify({ jsonrpc: "2.0", id, result }));
    });
  });
}
