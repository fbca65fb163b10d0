import { attachmentRef, MAX_ATTACHMENT_BYTES } from "@pawl/core";
import type { Attachments } from "@pawl/core/ports";
import type { MemoryContext } from "./context.ts";
import { notStorable } from "./errors.ts";
import { frozenCopy } from "./frozen-copy.ts";
import type { Sections } from "./sections.ts";

export function attachmentSections({ state, bytesDigest, now }: MemoryContext): Sections<Attachments> {
  return {
    put(given, mediaType) {
      const content = typeof given === "string" ? new TextEncoder().encode(given) : given.slice();
      const bytes = content.byteLength;
      if (bytes > MAX_ATTACHMENT_BYTES)
        throw notStorable("An attachment", `more than ${MAX_ATTACHMENT_BYTES} bytes`);
      const type = frozenCopy(mediaType, "The media type of an attachment");
      const ref = attachmentRef(content, bytesDigest);
      if (!state.attachments.has(ref)) state.attachments.set(ref, { ref, bytes, mediaType: type, content });
      state.attachedAt.set(ref, now());
      return Object.freeze({ ref, bytes });
    },
    get(ref) {
      const stored = state.attachments.get(ref);
      return stored === undefined ? null : { ...stored, content: stored.content.slice() };
    },
  };
}
