import { statement } from "../connection/statement.ts";
import { NODE_FENCE } from "./fence.ts";

/**
 * $1–$3 node lease, $4 version, $5 channel of changes, $6 as JSON an array of `{ process_id, epoch, head, record, live, events,
 * key, digest, told }`: what one node that owns several background tasks appends to their logs, a process at most once, none of which changes who
 * sees it or wakes anybody; $7 who says on the channel what is `told` of those that are watched, $8 their ids. `events` are `{ seq, at, body }`.
 *
 * Returns those that were written: whose head is still the one that is named, and whose fence holds. A known key fails all of them.
 */
export const appendOwnedProcessEvents = statement(
  "append_owned_process_events",
  `
with ${NODE_FENCE},
asked as (
  select *
  from json_to_recordset($6::json)
    as a(process_id text, epoch bigint, head bigint, record json, live boolean, events json, key text, digest text, told boolean)
),
moved as (
  update {schema}.processes p
  set head = a.head + json_array_length(a.events), record = a.record, version = $4::smallint, live = a.live, started = true
  from asked a, fence
  where p.process_id = a.process_id and p.process_id = any($8::text[])
    -- One condition, of which the planner knows nothing: taken apart, they seem to leave one row of all, which it then compares with each asked.
    and case when p.head = a.head and p.epoch = a.epoch and p.owner_node = $1 and p.owner_generation = $2::bigint then true end
  returning p.process_id, p.watched
),
logged as (
  insert into {schema}.process_events (process_id, seq, at, version, body)
  select m.process_id, e.seq, e.at, $4::smallint, e.body
  from moved m
  join asked a using (process_id),
  json_to_recordset(a.events) as e(seq bigint, at bigint, body json)
),
kept as (
  insert into {schema}.process_keys (process_id, key, digest, first_seq, last_seq)
  select m.process_id, a.key, a.digest, a.head + 1, a.head + json_array_length(a.events)
  from moved m
  join asked a using (process_id)
),
told as materialized (
  select pg_notify($5, $7 || E'\\n' || string_agg(t.process_id, E'\\n'))
  from (
    select m.process_id, row_number() over () - 1 as n
    from moved m
    join asked a using (process_id)
    where m.watched and a.told
  ) t
  group by t.n / 10
)
select m.process_id, (select count(*) from told) as told from moved m`,
);
