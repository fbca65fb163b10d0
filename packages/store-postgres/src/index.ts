// The store

// Schema, for deployments and tools
export {
  type MigrationOptions,
  type MigrationReport,
  migratePostgres,
  migrationSql,
} from "./migrate/migrate-postgres.ts";
export { loadMigrations, type Migration } from "./migrate/migration-files.ts";
export { type PostgresStoreOptions, postgresStore } from "./postgres-store.ts";
