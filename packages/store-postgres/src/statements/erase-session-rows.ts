import { statement } from "../connection/statement.ts";
import { tombstone } from "./tombstone.ts";

/** Some rows of a table, by where they stand. */
const some = (table: string) => `
  select x.ctid from {schema}.${table} x where x.session_id = $1 limit $2::bigint`;

/**
 * $1 session, $2 at most so many rows of each table. Of inputs and turns hashes of their ids stay. `rows`: how many there were;
 * `refs`: the attachments that they named.
 */
export const eraseSessionRows = statement(
  "erase_session_rows",
  `
with logged as (
  delete from {schema}.log l where l.ctid in (${some("log")}) and l.session_id = $1 returning l.body::text as text
),
said as (
  delete from {schema}.messages m where m.ctid in (${some("messages")}) and m.session_id = $1 returning m.body::text as text
),
sent as (
  delete from {schema}.inputs i where i.ctid in (${some("inputs")}) and i.session_id = $1
  returning i.input_id, i.content::text as text
),
run as (
  delete from {schema}.turns t where t.ctid in (${some("turns")}) and t.session_id = $1 returning t.turn_id
),
asked as (
  delete from {schema}.await_events e where e.ctid in (${some("await_events")}) and e.session_id = $1 returning 1
),
receipted as (
  delete from {schema}.receipts r where r.ctid in (${some("receipts")}) and r.session_id = $1 returning 1
),
waiting as (
  delete from {schema}.outbox o where o.ctid in (${some("outbox")}) and o.session_id = $1 returning o.item::text as text
),
seen as (
  delete from {schema}.process_grants g where g.ctid in (${some("process_grants")}) and g.session_id = $1
  returning g.process_id
),
alone as materialized (
  select s.process_id from seen s
  where not exists (
    select from {schema}.process_grants o where o.process_id = s.process_id and o.session_id <> $1)
),
events as (
  delete from {schema}.process_events e using alone a where e.process_id = a.process_id
),
keys as (
  delete from {schema}.process_keys k using alone a where k.process_id = a.process_id
),
tasks as (
  delete from {schema}.processes p using alone a where p.process_id = a.process_id
),
taken as (
  insert into {schema}.tombstones (hash)
  select ${tombstone("input", "s.input_id")} from sent s
  union
  select ${tombstone("turn", "r.turn_id")} from run r
  on conflict do nothing
)
select
  (select count(*) from logged) + (select count(*) from said) + (select count(*) from sent) + (select count(*) from run)
    + (select count(*) from asked) + (select count(*) from receipted) + (select count(*) from seen) + (select count(*) from waiting) as rows,
  (
    select coalesce(json_agg(distinct m[1]), '[]')
    from (select text from logged union all select text from said union all select text from sent union all select text from waiting) t,
      regexp_matches(t.text, 'sha256:[0-9a-f]{64}', 'g') as m
  ) as refs`,
);
