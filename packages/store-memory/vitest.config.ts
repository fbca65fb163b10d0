import { defineConfig } from "vitest/config";

// Every case makes a store of its own, so files share their workers. Suites run through more slowly on a busy machine.
export default defineConfig({ test: { isolate: false, testTimeout: 60_000 } });
