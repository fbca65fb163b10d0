import { statement } from "../connection/statement.ts";

/** $1 ref. The connections of the store read every type as text. */
export const loadAttachment = statement(
  "load_attachment",
  "select a.media_type, encode(a.content, 'base64') as content from {schema}.attachments a where a.ref = $1",
);
