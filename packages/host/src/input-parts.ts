import {
  type FilePart,
  type InputPart,
  type Json,
  type JsonObject,
  MAX_ATTACHMENT_BYTES,
  type Part,
  PawlError,
} from "@pawl/core";
import type { Attachments } from "@pawl/core/ports";
import type { NewFilePart, SendContent } from "./send-options.ts";

/** What was sent, as parts. @throws PawlError `input_empty` */
export function partsOf<Part extends InputPart | NewFilePart>(
  content: string | readonly Part[],
): readonly (Part | InputPart)[] {
  const parts = typeof content === "string" ? [{ type: "text", text: content } as const] : content;
  const empty = parts.length === 0 || parts.every((part) => part.type === "text" && part.text.trim() === "");
  if (empty) {
    throw new PawlError(
      "input_empty",
      "An input needs text or another part: send what the agent shall work on.",
      {
        blame: "peer",
      },
    );
  }
  return parts;
}

/**
 * The parts of an input with its files stored and referred to. Stored before the input is accepted: a reference never dangles.
 *
 * @throws PawlError `input_empty`, `attachment_too_large`, `attachment_unknown`, `attachment_invalid`
 */
export async function storedParts(
  content: SendContent,
  attachments: Attachments,
): Promise<readonly InputPart[]> {
  return Promise.all(partsOf(content).map((part) => storedPart(part, attachments)));
}

async function storedPart(part: InputPart | NewFilePart, attachments: Attachments): Promise<InputPart> {
  if (!isFile(part)) return part;
  return isNew(part) ? storedFile(part, attachments) : knownFile(part, attachments);
}

function isFile(part: InputPart | NewFilePart): part is FilePart | NewFilePart {
  return part.type === "file" || part.type === "image";
}

function isNew(part: FilePart | NewFilePart): part is NewFilePart {
  return "data" in part;
}

/** @throws PawlError `attachment_too_large`, `attachment_invalid` */
export async function storedFile(
  { type, mediaType, data, name }: NewFilePart,
  attachments: Attachments,
): Promise<FilePart> {
  checkMediaType(mediaType);
  checkSize("size" in data ? data.size : data.byteLength, name);
  const content =
    data instanceof Uint8Array ? data : new Uint8Array("size" in data ? await data.arrayBuffer() : data);
  const { ref, bytes } = await attachments.put(content, mediaType);
  return { type, ref, mediaType, bytes, ...(name !== undefined && { name }) };
}

async function knownFile(part: FilePart, attachments: Attachments): Promise<FilePart> {
  const { type, ref, mediaType, name } = part;
  checkMediaType(mediaType);
  const stored = await attachments.get(ref);
  if (stored !== null)
    return { type, ref, mediaType, bytes: stored.bytes, ...(name !== undefined && { name }) };
  throw new PawlError("attachment_unknown", `There is no attachment "${ref}" here. Send its bytes.`, {
    blame: "peer",
  });
}

function checkSize(bytes: number, name: string | undefined): void {
  if (bytes <= MAX_ATTACHMENT_BYTES) return;
  throw new PawlError(
    "attachment_too_large",
    `${name === undefined ? "A file" : `"${name}"`} has ${bytes} bytes; an attachment may have ${MAX_ATTACHMENT_BYTES}. Send it in pieces, or where it can be found.`,
    { blame: "peer" },
  );
}

const MEDIA_TYPE = /^[\w.+-]+\/[\w.+-]+(?:;.*)?$/;

function checkMediaType(mediaType: string): void {
  if (typeof mediaType === "string" && mediaType.length <= 200 && MEDIA_TYPE.test(mediaType)) return;
  throw new PawlError("attachment_invalid", "A file needs its media type, such as image/png.", {
    blame: "peer",
  });
}

/** Whether a file, or a result that was too large for its row, stands in one of these. */
export function refersTo(all: readonly { readonly parts: readonly Part[] }[], ref: string): boolean {
  return all.some(({ parts }) =>
    parts.some((part) => {
      if (part.type === "file" || part.type === "image") return part.ref === ref;
      return part.type === "tool_result" && holdsRef(part.output, ref);
    }),
  );
}

/** A result that was too large for its row, or a file of one. */
function isStored({ truncated, type }: JsonObject): boolean {
  return truncated === true || type === "file" || type === "image";
}

function holdsRef(output: Json, ref: string): boolean {
  if (typeof output !== "object" || output === null) return false;
  if ("ref" in output && output.ref === ref && isStored(output)) return true;
  return Object.values(output).some((member: Json) => holdsRef(member, ref));
}
