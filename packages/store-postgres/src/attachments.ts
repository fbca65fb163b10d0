import { attachmentRef, loadBytesDigest, MAX_ATTACHMENT_BYTES } from "@pawl/core";
import type { Attachments } from "@pawl/core/ports";
import type { StoreContext } from "./context.ts";
import { corruptRow, notStorable } from "./errors.ts";
import { textColumn } from "./rows/column.ts";
import { keepAttachment } from "./statements/keep-attachment.ts";
import { loadAttachment } from "./statements/load-attachment.ts";
import { storableText } from "./storable.ts";

export function postgresAttachments({ database }: StoreContext): Attachments {
  return {
    async put(given, mediaType) {
      const content = typeof given === "string" ? new TextEncoder().encode(given) : given;
      const bytes = content.byteLength;
      if (bytes > MAX_ATTACHMENT_BYTES)
        throw notStorable("An attachment", `more than ${MAX_ATTACHMENT_BYTES} bytes`);
      const type = storableText(mediaType, "The media type of an attachment");
      const digest = await loadBytesDigest();
      const ref = attachmentRef(content, digest);
      // The driver takes views of bytes as they are; an attempt whose answer was lost finds its own row.
      await database.write(keepAttachment, [ref, type, content]);
      return { ref, bytes };
    },
    async get(ref) {
      const [row] = await database.read(loadAttachment, [
        storableText(ref, "The reference of an attachment"),
      ]);
      if (row === undefined) return null;
      const where = `Attachment ${ref}`;
      const content = Buffer.from(textColumn(row, "content", where), "base64");
      const digest = await loadBytesDigest();
      if (attachmentRef(content, digest) !== ref)
        throw corruptRow(where, "its content is not what its name says");
      const mediaType = textColumn(row, "media_type", where);
      return { ref, mediaType, bytes: content.byteLength, content };
    },
  };
}
