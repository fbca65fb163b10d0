// The store

// Schema, for tools
export { loadMigrations, type Migration } from "./migrate/migration-files.ts";
export { type PostgresStoreOptions, postgresStore } from "./postgres-store.ts";
