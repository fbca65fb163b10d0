import { realpathSync } from "node:fs";
import * as nodeModule from "node:module";
import { pathToFileURL } from "node:url";

/** What a configuration imports before anything is installed beside it. */
const BUILT_IN = /^(?:pawl|zod|@pawl\/[^/]+|@ai-sdk\/[^/]+)(?:\/|$)/;

let registered = false;

/**
 * A `pawl.config.ts` in a folder without packages finds `pawl`, `@pawl/…`, `@ai-sdk/…` and `zod` as this program itself does. What is
 * installed beside it comes first. Without effect on a Node that has no such hooks.
 */
export function resolveFallback(): void {
  if (registered || typeof nodeModule.registerHooks !== "function") return;
  registered = true;
  const parents = [import.meta.url, programUrl()].filter((url) => url !== undefined);
  nodeModule.registerHooks({
    resolve(specifier, context, next) {
      try {
        return next(specifier, context);
      } catch (error) {
        if (BUILT_IN.test(specifier)) {
          for (const parentURL of parents) {
            try {
              return next(specifier, { ...context, parentURL });
            } catch {
              // The next one may have it; else the first error tells where it was missed.
            }
          }
        }
        throw error;
      }
    },
  });
}

function programUrl(): string | undefined {
  try {
    return pathToFileURL(realpathSync(process.argv[1] ?? "")).href;
  } catch {
    return undefined;
  }
}
