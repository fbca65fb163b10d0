import { defineConfig } from "vitest/config";

// Nothing here has state of its own, so files share their workers. Property tests take their time on a busy machine.
export default defineConfig({ test: { isolate: false, testTimeout: 60_000 } });
