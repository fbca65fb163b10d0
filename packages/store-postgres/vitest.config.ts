import { defineConfig } from "vitest/config";

export default defineConfig({
  // Dropping a database of some hundred schemas takes a while on a busy machine.
  test: { globalSetup: ["@pawl/test-postgres/global-setup"], hookTimeout: 60_000 },
});
