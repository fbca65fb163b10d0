import { defineConfig } from "vitest/config";

/** Sockets, child processes and fuzzing share a few cores with other packages' tests. */
export default defineConfig({ test: { testTimeout: 20_000 } });
