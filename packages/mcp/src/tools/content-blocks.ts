import type { FilePart } from "@pawl/core";
import type { ToolContext } from "@pawl/core/ports";
import type { McpCallResult } from "@pawl/mcp-cache";

export type Block = McpCallResult["content"][number];
type Attach = NonNullable<ToolContext["attach"]>;

/** A block that carries bytes. */
interface Binary {
  readonly type: FilePart["type"];
  readonly data: string;
  readonly mediaType: string;
  readonly name?: string;
}

/**
 * The blocks of an answer as a result may hold them: pictures, sound and binary resources are stored and referred to, as a `FilePart` is.
 * What is not base64, or cannot be stored, is told in words: the tool has run, and the rest of its answer counts.
 */
export function storedBlocks(
  blocks: readonly Block[],
  attach: Attach | undefined,
): Promise<readonly Block[]> {
  return Promise.all(
    blocks.map(async (block) => {
      const binary = binaryOf(block);
      if (binary === undefined || attach === undefined) return block;
      return storedBlock(binary, attach);
    }),
  );
}

async function storedBlock(binary: Binary, attach: Attach): Promise<Block> {
  const { type, mediaType, name } = binary;
  const content = bytesOf(binary.data);
  if (content === undefined) return told(binary, "it is not base64");
  try {
    const { ref, bytes } = await attach(content, mediaType);
    return { type, ref, mediaType, bytes, ...(name !== undefined && { name }) } satisfies FilePart;
  } catch (thrown) {
    return told(binary, thrown instanceof Error ? thrown.message : "it could not be stored");
  }
}

function told({ mediaType, name }: Binary, why: string): Block {
  const what = name === undefined ? mediaType : `${name}, ${mediaType}`;
  return { type: "text", text: `[A file (${what}) came with the answer and is not here: ${why}]` };
}

function binaryOf(block: Block): Binary | undefined {
  switch (block.type) {
    case "image":
    case "audio":
      if (typeof block.data !== "string") return undefined;
      return {
        type: block.type === "image" ? "image" : "file",
        data: block.data,
        mediaType: mediaTypeOf(block.mimeType),
      };
    case "resource": {
      const { blob, mimeType, uri } = objectOf(block.resource);
      if (typeof blob !== "string") return undefined;
      const mediaType = mediaTypeOf(mimeType);
      return {
        type: mediaType.startsWith("image/") ? "image" : "file",
        data: blob,
        mediaType,
        ...(typeof uri === "string" && uri !== "" && { name: uri.slice(0, MAX_NAME_CHARS) }),
      };
    }
    default:
      return undefined;
  }
}

const MAX_NAME_CHARS = 500;
const MEDIA_TYPE = /^[\w.+-]+\/[\w.+-]+(?:;.*)?$/;

function mediaTypeOf(given: unknown): string {
  const fits = typeof given === "string" && given.length <= 200 && MEDIA_TYPE.test(given);
  return fits ? given : "application/octet-stream";
}

function objectOf(value: unknown): { readonly [key: string]: unknown } {
  return typeof value === "object" && value !== null ? (value as { readonly [key: string]: unknown }) : {};
}

/** Undefined for what is not base64. */
function bytesOf(base64: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
}
