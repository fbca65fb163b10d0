import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import type { TurnRecord } from "@pawl/effects/turn-driver";
import { cliError } from "../errors.ts";
import { decodeTurnRecord } from "./decode-turn-record.ts";

/** The record in a file; `-` is stdin. @throws PawlError `file_unusable`, `record_invalid` */
export async function readRecordFile(path: string): Promise<TurnRecord> {
  const name = path === "-" ? "stdin" : path;
  const json = path === "-" ? await text(process.stdin) : await read(path);
  try {
    return decodeTurnRecord(JSON.parse(json));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const hint = cause instanceof SyntaxError ? `It is not JSON (${why}).` : why;
    throw cliError("record_invalid", `${name} cannot be replayed. ${hint}`, cause);
  }
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw fileError(path, "read", cause);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or folder",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of the path is not a folder",
  EACCES: "this user may not",
  EPERM: "this user may not",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
};

export function fileError(path: string, verb: "read" | "written", cause: unknown) {
  const { code } = cause as NodeJS.ErrnoException;
  const why = REASONS[code ?? ""] ?? (cause instanceof Error ? cause.message : String(cause));
  return cliError("file_unusable", `${path} cannot be ${verb}: ${why}.`, cause);
}
