// A PostgreSQL in a folder, for the server and the CLI

export { EmbeddedPostgresError, type EmbeddedPostgresErrorCode } from "./errors.ts";
export {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  openEmbeddedPostgres,
} from "./open-embedded-postgres.ts";
