import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    globalSetup: ["@pawl/test-postgres/global-setup"],
    // Creating and dropping databases waits for the disk, and a machine that builds other things is slow.
    hookTimeout: 60_000,
    testTimeout: 60_000,
  },
});
