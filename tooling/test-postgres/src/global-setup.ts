// Named in a package's vitest.config.ts as `globalSetup: ["@pawl/test-postgres/global-setup"]`: one real
// PostgreSQL for the whole run, whose URL tests get by createTestDatabase().
import type { TestProject } from "vitest/node";
import { startTestPostgres } from "./start-postgres.ts";

declare module "vitest" {
  export interface ProvidedContext {
    pawlTestPostgresUrl: string;
  }
}

/** Starts PostgreSQL before the first test; vitest calls what it returns after the last. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const postgres = await startTestPostgres({ fsync: process.env.PAWL_TEST_POSTGRES_FSYNC !== "off" });
  project.provide("pawlTestPostgresUrl", postgres.url);
  return () => postgres.stop();
}
