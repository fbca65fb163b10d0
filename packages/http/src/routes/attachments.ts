import { MAX_ATTACHMENT_BYTES } from "@pawl/core";
import { z } from "zod";
import { jsonAnswer, SECURITY_HEADERS } from "../answer.ts";
import { httpError } from "../errors.ts";
import { readQuery } from "../query.ts";
import { readBytes } from "../read-bytes.ts";
import type { Call, Route } from "../route.ts";
import { attachedSchema, type WireAttached } from "../wire/attached.ts";

export const attachmentRoutes: readonly Route[] = [
  {
    method: "POST",
    path: "/v1/sessions/:session/attachments",
    scope: "write",
    doc: {
      operation: "uploadAttachment",
      summary: "Stores a file, its bytes as the body; an input's part names the ref that comes back",
      file: true,
      answers: { 201: { description: "The file is durable", schema: attachedSchema } },
    },
    answer: upload,
  },
  {
    method: "GET",
    path: "/v1/sessions/:session/attachments/:ref",
    scope: "read",
    doc: {
      operation: "downloadAttachment",
      summary: "A file that the session refers to",
      answers: { 200: { description: "Its bytes, under its own media type" } },
    },
    answer: download,
  },
];

/** The body is the file, as it is. 201 when it is durable; the same bytes again are the same attachment. */
async function upload({ request, url, params, host, options }: Call): Promise<Response> {
  readQuery(url, z.strictObject({}));
  const mediaType = request.headers.get("content-type");
  if (mediaType === null) {
    const message = "Say what the file is, with the header content-type, such as image/png.";
    throw httpError("media_type_unsupported", message);
  }
  const maxBytes = Math.min(options.maxAttachmentBytes, MAX_ATTACHMENT_BYTES);
  const data = await readBytes(request, maxBytes);
  const { ref, bytes } = await host
    .session(params.session as string)
    .attach({ type: "file", mediaType, data });
  return jsonAnswer(201, { ref, media_type: mediaType, bytes } satisfies WireAttached);
}

/** Never shown as a page: what somebody uploaded is not ours to run. */
async function download({ url, params, host }: Call): Promise<Response> {
  readQuery(url, z.strictObject({}));
  const stored = await host.session(params.session as string).attachment(params.ref as string);
  if (stored === null) {
    throw httpError("attachment_unknown", "This session refers to no such attachment.");
  }
  return new Response(stored.content.slice(), {
    headers: {
      ...SECURITY_HEADERS,
      "content-type": stored.mediaType,
      "content-length": String(stored.bytes),
      "content-disposition": "attachment",
    },
  });
}
