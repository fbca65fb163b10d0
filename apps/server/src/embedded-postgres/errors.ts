import { PawlError } from "@pawl/core";

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

/** An error of the ground that Pawl stands on: a folder, a disk, a program. */
export class EmbeddedPostgresError extends PawlError {
  declare readonly code: EmbeddedPostgresErrorCode;

  constructor(code: EmbeddedPostgresErrorCode, message: string, cause?: unknown) {
    super(code, message, { blame: "infrastructure", cause });
  }
}

/**
 * The sentence for a file operation in the data folder that the system refused. Any other error is returned as
 * it is.
 */
export function dataDirError(path: string, cause: unknown): unknown {
  if (cause instanceof EmbeddedPostgresError || !(cause instanceof Error)) return cause;
  const code = "code" in cause ? String(cause.code) : "";
  if (["ENOSPC", "EDQUOT"].includes(code) || saysDiskFull(cause.message))
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

/** True when PostgreSQL says, in its log or at its end, that the disk is full. */
export function saysDiskFull(text: string): boolean {
  return /No space left on device|Check free disk space|Disk quota exceeded/.test(text);
}
