// For test files
export { createTestDatabase, type TestDatabase } from "./create-test-database.ts";
// For tools that need a PostgreSQL outside of vitest
export { startTestPostgres, type TestPostgres, type TestPostgresOptions } from "./start-postgres.ts";
