import type { LanguageModelV4ToolResultOutput } from "@ai-sdk/provider";
import type { FilePart, Json, Message, ToolResultPart } from "@pawl/core";
import type { ResolveFile } from "./resolve-files.ts";

type Content = Extract<LanguageModelV4ToolResultOutput, { type: "content" }>["value"];
type Bytes = Uint8Array | URL;

/** Pictures in results of tools that a model is shown, by their references; what is not here stays a reference. */
export type ToolImages = ReadonlyMap<string, Bytes>;

/** What every provider that takes pictures in results takes. */
const MEDIA_TYPES: ReadonlySet<string> = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);
/** Anthropic takes 5 MB of base64; larger ones stay references. */
const MAX_BYTES = 3_750_000;
/** The newest ones: more, and providers refuse large pictures among them. */
const MAX_IMAGES = 20;

/**
 * Whether a provider shows its models pictures in results. Those of which it is not known get them as text, which is base64 for megabytes:
 * they are shown none.
 */
export function showsToolImages(provider: string): boolean {
  return provider.startsWith("anthropic.") || provider === "openai.responses";
}

/** Fetches the newest pictures in results of tools. One that cannot be had stays a reference: the tool has run, and the answer counts. */
export async function toolImages(
  messages: readonly Message[],
  resolve: ResolveFile | undefined,
  signal: AbortSignal,
): Promise<ToolImages> {
  const wanted = new Map<string, FilePart>();
  const results = messages.flatMap(({ role, parts }) => (role === "tool" ? parts : []));
  for (const image of results.toReversed().flatMap((part) => imagesOf(part).toReversed())) {
    if (wanted.size < MAX_IMAGES) wanted.set(image.ref, image);
  }
  const found = new Map<string, Bytes>();
  if (resolve === undefined) return found;
  await Promise.all(
    [...wanted.values()].map(async (image) => {
      const bytes = await resolve(image, { signal }).catch(() => undefined);
      if (bytes instanceof URL || (bytes !== undefined && bytes.byteLength <= MAX_BYTES))
        found.set(image.ref, bytes);
    }),
  );
  return found;
}

/** A result with pictures as parts of their own, each after its reference; undefined for one without any that is shown. */
export function withImages(part: ToolResultPart, images: ToolImages): Content | undefined {
  if (!imagesOf(part).some(({ ref }) => images.has(ref))) return undefined;
  return (part.output as readonly Json[]).flatMap((block): Content => {
    const text = textOf(block);
    const said: Content = text.trim() === "" ? [] : [{ type: "text", text }];
    const data = isImage(block) ? images.get(block.ref) : undefined;
    if (data === undefined) return said;
    return [
      ...said,
      {
        type: "file",
        mediaType: (block as unknown as FilePart).mediaType,
        data: data instanceof URL ? { type: "url", url: data } : { type: "data", data },
      },
    ];
  });
}

/** The blocks of an answer that are references to pictures, as MCP tools answer. */
function imagesOf({ status, output }: ToolResultPart): readonly FilePart[] {
  return status === "ok" && Array.isArray(output) ? output.filter(isImage) : [];
}

function isImage(block: unknown): block is FilePart {
  if (typeof block !== "object" || block === null) return false;
  const { type, ref, mediaType, bytes } = block as Partial<FilePart>;
  if (type !== "image" || typeof ref !== "string" || typeof mediaType !== "string") return false;
  return MEDIA_TYPES.has(mediaType) && typeof bytes === "number" && bytes <= MAX_BYTES;
}

function textOf(block: Json): string {
  const isText = typeof block === "object" && block !== null && "type" in block && block.type === "text";
  return isText && typeof block.text === "string" ? block.text : JSON.stringify(block);
}
