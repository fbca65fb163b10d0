import { defineConfig } from "vitest/config";

// Conditions are waited for, not times: on a busy machine that may take a while.
export default defineConfig({ test: { testTimeout: 30_000, hookTimeout: 60_000 } });
