/** Why an embedded PostgreSQL could not be opened. `message` says what to do. */
export type EmbeddedPostgresErrorCode =
  | "data_dir_not_a_folder"
  | "data_dir_unwritable"
  | "data_dir_other_owner"
  | "data_dir_locked"
  | "disk_full"
  | "embedded_postgres_missing_binary"
  | "embedded_postgres_no_account"
  | "embedded_postgres_unreachable"
  | "embedded_postgres_incomplete"
  | "embedded_postgres_major_version"
  | "embedded_postgres_init_failed"
  | "embedded_postgres_start_failed"
  | "embedded_postgres_stop_failed";

/** Has the shape of every Pawl error. */
export class EmbeddedPostgresError extends Error {
  override readonly name = "PawlError";
  readonly code: EmbeddedPostgresErrorCode;

  constructor(code: EmbeddedPostgresErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/**
 * The sentence for a file operation in the data folder that the system refused. Any other error is returned as
 * it is.
 */
export function dataDirError(path: string, cause: unknown): unknown {
  if (cause instanceof EmbeddedPostgresError || !(cause instanceof Error)) return cause;
  const code = "code" in cause ? String(cause.code) : "";
  if (["ENOSPC", "EDQUOT"].includes(code) || cause.message.includes("No space left on device"))
    return new EmbeddedPostgresError(
      "disk_full",
      `The disk that holds ${path} is full. Free some space, or choose another folder with PAWL_DATA_DIR.`,
      cause,
    );
  if (["ENOTDIR", "EEXIST"].includes(code))
    return new EmbeddedPostgresError(
      "data_dir_not_a_folder",
      `${path} is a file, or lies under one, and cannot be a data folder. Choose a folder with PAWL_DATA_DIR.`,
      cause,
    );
  if (["EACCES", "EPERM", "EROFS"].includes(code))
    return new EmbeddedPostgresError(
      "data_dir_unwritable",
      `Pawl cannot write to the data folder ${path} (${code}). Give this user write access to it, or choose another folder with PAWL_DATA_DIR.`,
      cause,
    );
  return cause;
}
