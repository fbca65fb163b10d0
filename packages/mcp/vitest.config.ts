import { defineConfig } from "vitest/config";

// Real servers are started: on a busy machine that takes its time.
export default defineConfig({ test: { testTimeout: 60_000 } });
