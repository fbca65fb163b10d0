import { readFile, stat } from "node:fs/promises";
import { basename, extname } from "node:path";
import { type JsonObject, MAX_ATTACHMENT_BYTES } from "@pawl/core";
import type { AttachedFile } from "../client/turn-client.ts";
import { cliError } from "../errors.ts";

/** What models are commonly given; everything else is bytes. */
const MEDIA_TYPES: Readonly<Record<string, string>> = {
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".jpeg": "image/jpeg",
  ".gif": "image/gif",
  ".webp": "image/webp",
  ".svg": "image/svg+xml",
  ".pdf": "application/pdf",
  ".json": "application/json",
  ".txt": "text/plain",
  ".log": "text/plain",
  ".md": "text/markdown",
  ".csv": "text/csv",
  ".html": "text/html",
  ".xml": "application/xml",
  ".mp3": "audio/mpeg",
  ".wav": "audio/wav",
  ".mp4": "video/mp4",
};

export async function attachedFiles(paths: readonly string[]): Promise<readonly AttachedFile[]> {
  return Promise.all(paths.map(attachedFile));
}

async function attachedFile(path: string): Promise<AttachedFile> {
  const { size } = await stat(path).catch((cause: unknown) => {
    throw cliError("usage", `--attach: ${path} cannot be read. Check the path.`, cause);
  });
  if (size > MAX_ATTACHMENT_BYTES) {
    throw cliError(
      "usage",
      `--attach: ${path} has ${size} bytes; at most ${MAX_ATTACHMENT_BYTES} are taken.`,
    );
  }
  const data = new Uint8Array(await readFile(path));
  const mediaType = MEDIA_TYPES[extname(path).toLowerCase()] ?? "application/octet-stream";
  const type = mediaType.startsWith("image/") ? "image" : "file";
  return { type, name: basename(path), mediaType, data };
}

/** The JSON Schema in a file. */
export async function schemaIn(path: string): Promise<JsonObject> {
  try {
    const schema: unknown = JSON.parse(await readFile(path, "utf8"));
    if (typeof schema === "object" && schema !== null && !Array.isArray(schema)) return schema as JsonObject;
  } catch (cause) {
    throw cliError("usage", `--output-schema: ${path} is not a file with JSON.`, cause);
  }
  throw cliError("usage", `--output-schema: ${path} must hold a JSON Schema, which is an object.`);
}
