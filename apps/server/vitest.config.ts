import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    globalSetup: ["@pawl/test-postgres/global-setup"],
    // Conditions are waited for, not times: on a busy machine that may take a while.
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
