import { statement } from "../connection/statement.ts";

/** $1 ref, $2 media type, $3 content. The first writer's content stays; the time of the last keeps it from being pruned. */
export const keepAttachment = statement(
  "keep_attachment",
  `
insert into {schema}.attachments (ref, media_type, content) values ($1, $2, $3)
on conflict (ref) do update set created_at = clock_timestamp()`,
);
