import { defineConfig } from "vitest/config";

export default defineConfig({ test: { globalSetup: ["@pawl/test-postgres/global-setup"] } });
