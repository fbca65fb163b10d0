import { statement } from "../connection/statement.ts";

/** Names of attachments in the text of a column. */
const named = (table: string, column: string, where = "true") => `
  select distinct m[1] as ref
  from {schema}.${table} x, regexp_matches(x.${column}::text, 'sha256:[0-9a-f]{64}', 'g') as m
  where x.${column}::text like '%sha256:%' and ${where}`;

const needed = (where?: string) => `${named("log", "body", where)}
  union${named("messages", "body", where)}
  union${named("inputs", "content", where)}
  union${named("outbox", "item", where)}`;

/** What was put since the oldest open turn began may be about to be named. */
const OLD = `a.created_at < least(to_timestamp($1::double precision / 1000), coalesce(
    (select min(s.open_since) from {schema}.sessions s where s.open_turn is not null), 'infinity'))
  and not exists (select from needed n where n.ref = a.ref)`;

/**
 * $1 put before, in milliseconds, $2 at most so many. Reads every log, message and input that names any: nothing keeps count, so nothing
 * can count wrongly. One that is put again meanwhile has another time by then, and stays.
 */
export const pruneAttachments = statement(
  "prune_attachments",
  `
with needed as materialized (${needed()}
),
old as (
  select a.ref from {schema}.attachments a
  where ${OLD}
  order by a.created_at
  limit $2::bigint
  for update of a skip locked
)
delete from {schema}.attachments a using old o
where a.ref = o.ref
returning a.ref`,
);

/** $1 put before, in milliseconds. */
export const countAttachments = statement(
  "count_attachments",
  `
with needed as materialized (${needed()}
)
select count(*) as count from {schema}.attachments a where ${OLD}`,
);

/** $1 session, $2 attachments that its rows named: those go that no other session's rows name. */
export const dropSessionAttachments = statement(
  "drop_session_attachments",
  `
with needed as materialized (${needed("x.session_id <> $1")}
)
delete from {schema}.attachments a
where a.ref = any($2::text[]) and not exists (select from needed n where n.ref = a.ref)`,
);
