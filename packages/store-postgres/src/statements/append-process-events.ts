import { statement } from "../connection/statement.ts";
import { nodeFence } from "./fence.ts";

/**
 * $1 process, $2 head that was read (0: it was not there), $3 record, $4 live, $5 started, $6 events as JSON of `{ seq, at, body }`,
 * $7 key, $8 digest, $9 sessions that see it, $10 session to wake or null, $11 channel of changes or null, $12 channel of work, $13–$15 node lease or
 * nulls, $16 epoch, $17 version, $18 name, $19 disposition, $20 what is said on the channel of changes.
 *
 * Writes only while the head is still the one that was read and the fence holds; the row of the process is the lock of its log.
 * Not `done`: read again.
 */
export const appendProcessEvents = statement(
  "append_process_events",
  `
with ${nodeFence(13)},
made as (
  insert into {schema}.processes (process_id, name, disposition, live, started, head, version, record)
  select $1, $18, $19, $4, $5, json_array_length($6::json), $17::smallint, $3::json
  where $2::bigint = 0
  on conflict do nothing
  returning process_id
),
moved as (
  update {schema}.processes p
  set head = p.head + json_array_length($6::json), record = $3::json, version = $17::smallint, live = $4, started = $5
  where p.process_id = $1 and p.head = $2::bigint and $2::bigint > 0
    and ($13::text is null or (
      exists (select from fence)
      and p.owner_node = $13 and p.owner_generation = $14::bigint and p.epoch = $16::bigint))
  returning p.process_id
),
entered as (
  select process_id from made union all select process_id from moved
),
logged as (
  insert into {schema}.process_events (process_id, seq, at, version, body)
  select e.process_id, v.seq, v.at, $17::smallint, v.body
  from entered e, json_to_recordset($6::json) as v(seq bigint, at bigint, body json)
),
kept as (
  insert into {schema}.process_keys (process_id, key, digest, first_seq, last_seq)
  select e.process_id, $7, $8, $2::bigint + 1, $2::bigint + json_array_length($6::json) from entered e
),
hidden as (
  delete from {schema}.process_grants g
  using entered e
  where g.process_id = e.process_id and not g.session_id = any($9::text[])
),
shown as (
  insert into {schema}.process_grants (session_id, process_id)
  select s.session_id, e.process_id from entered e, unnest($9::text[]) as s(session_id)
  on conflict do nothing
),
woken as (
  update {schema}.session_queue q
  set wake_at = least(q.wake_at, clock_timestamp())
  from entered e
  where q.session_id = $10
  returning q.session_id
)
select exists (select from entered) as done,
  (select pg_notify($11, $20) from entered e where $11::text is not null) as told,
  (select pg_notify($12, w.session_id) from woken w) as hinted`,
);
