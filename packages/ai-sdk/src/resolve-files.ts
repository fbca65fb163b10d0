import { type FilePart, type ModelRequest, PawlError } from "@pawl/core";
import type { ModelCallContext } from "@pawl/core/ports";

/** Fetches what a file part refers to: its bytes, or a URL that the provider itself can read. */
export type ResolveFile = (
  file: FilePart,
  context: { readonly signal: AbortSignal },
) => Promise<Uint8Array | URL>;

/** Files as the host has stored them. */
export function fromHost(read: ModelCallContext["readAttachment"]): ResolveFile | undefined {
  if (read === undefined) return undefined;
  return async ({ ref }) => {
    const stored = await read(ref);
    if (stored !== null) return stored.content;
    throw new PawlError("attachment_unknown", `There is no attachment "${ref}" here.`);
  };
}

/** The content of each file of a request. */
export type ResolvedFiles = (file: FilePart) => Uint8Array | URL;

/**
 * Fetches every file of the request once.
 *
 * @throws PawlError `attachment_resolution_failed` when there is no resolver or it fails
 */
export async function resolveFiles(
  request: ModelRequest,
  resolve: ResolveFile | undefined,
  signal: AbortSignal,
): Promise<ResolvedFiles> {
  const found = new Map<string, Uint8Array | URL>();
  for (const message of request.messages) {
    for (const part of message.parts) {
      if ((part.type === "file" || part.type === "image") && !found.has(part.ref)) {
        found.set(part.ref, await resolved(part, resolve, signal));
      }
    }
  }
  return (file) => found.get(file.ref) ?? new Uint8Array();
}

async function resolved(file: FilePart, resolve: ResolveFile | undefined, signal: AbortSignal) {
  if (resolve === undefined) {
    throw new PawlError(
      "attachment_resolution_failed",
      `The conversation holds the file ${file.name ?? file.ref}, but the model has no way to read it: its host has no attachments. Pass resolveFile to aiModel().`,
    );
  }
  try {
    return await resolve(file, { signal });
  } catch (cause) {
    throw new PawlError(
      "attachment_resolution_failed",
      `The file ${file.name ?? file.ref} could not be read: check that the attachment store still has it.`,
      { blame: "infrastructure", cause },
    );
  }
}
