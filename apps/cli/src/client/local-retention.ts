import type { Host } from "@pawl/host";
import { wireErased, wirePruned } from "@pawl/http";
import type { RetentionClient } from "./retention.ts";

export function localRetention(host: Host): RetentionClient {
  return {
    prune: async (request) => wirePruned(await host.prune(request)),
    async erase(sessionId) {
      const session = host.session(sessionId);
      return wireErased(session.id, await session.erase());
    },
  };
}
