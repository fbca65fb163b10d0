import { erasedSchema, prunedSchema, type WirePruned } from "@pawl/http";
import { type HttpRequest, readAnswer } from "./http-call.ts";
import type { RetentionClient } from "./retention.ts";

export function httpRetention(call: (request: HttpRequest) => Promise<Response>): RetentionClient {
  const post = (path: string, body?: unknown) =>
    call({ method: "POST", path, ...(body !== undefined && { body }) });
  return {
    /** One kind a request: each is answered in time, and may be asked for again when the answer is lost. */
    async prune({ olderThanMs, only, dryRun, onProgress }) {
      let counts: WirePruned["counts"] = {};
      let before = Date.now() - olderThanMs;
      for (const kind of only) {
        onProgress(kind, 0);
        const body = { older_than_ms: olderThanMs, only: [kind], dry_run: dryRun };
        const pruned = await readAnswer(await post("v1/prune", body), prunedSchema);
        counts = { ...counts, ...pruned.counts };
        before = pruned.before;
        onProgress(kind, pruned.counts[kind] ?? 0);
      }
      return { before, dry_run: dryRun, counts };
    },
    async erase(sessionId) {
      return readAnswer(await post(`v1/sessions/${encodeURIComponent(sessionId)}/erase`), erasedSchema);
    },
  };
}
