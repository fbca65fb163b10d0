import { nodePausedSchema, nodesSchema } from "@pawl/http";
import { type HttpRequest, readAnswer } from "./http-call.ts";
import type { NodesClient } from "./nodes.ts";

export function httpNodes(call: (request: HttpRequest) => Promise<Response>): NodesClient {
  return {
    async list(limit) {
      const response = await call({ method: "GET", path: `v1/nodes?limit=${limit}` });
      return (await readAnswer(response, nodesSchema)).nodes;
    },
    async setPaused(id, paused) {
      const path = `v1/nodes/${encodeURIComponent(id)}/${paused ? "pause" : "resume"}`;
      await readAnswer(await call({ method: "POST", path }), nodePausedSchema);
    },
  };
}
