import type { Host } from "@pawl/host";
import { wireNode } from "@pawl/http";
import type { NodesClient } from "./nodes.ts";

export function localNodes({ nodes }: Host): NodesClient {
  return {
    list: async (limit) => (await nodes.list({ limit })).map(wireNode),
    setPaused: (id, paused) => (paused ? nodes.pause(id) : nodes.resume(id)),
  };
}
