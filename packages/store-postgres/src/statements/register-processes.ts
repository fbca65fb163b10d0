import { statement } from "../connection/statement.ts";

/**
 * $1 JSON list of `{ processId, name, disposition, registration, signals, grants, version, key, digest }`, $2 channel of changes, $3 who says
 * it there, see `connection/process-hint.ts`. Registers those that are not there, as `register-process.ts` does one that nobody claims, and
 * returns them. Ten ids always have room in what the channel takes. `now` is the database's time in milliseconds.
 */
export const registerProcesses = statement(
  "register_processes",
  `
with clock as materialized (
  select (extract(epoch from clock_timestamp()) * 1000)::bigint as now
),
given as materialized (
  select g.*, json_array_length(g.grants) + 1 as head
  from json_to_recordset($1::json) as g("processId" text, name text, disposition text, registration json, signals json, grants json,
    version smallint, key text, digest text)
),
made as (
  insert into {schema}.processes (process_id, name, disposition, head, version, record)
  select g."processId", g.name, g.disposition, g.head, g.version,
    json_build_object(
      'registration', g.registration, 'status', 'registered', 'grants', g.grants, 'attempts', 0, 'startsInARow', 0, 'owner', null,
      'signals', g.signals, 'cancel', null, 'progress', null, 'end', null, 'head', g.head, 'registeredAt', c.now,
      'startedAt', null, 'endedAt', null)
  from given g, clock c
  on conflict do nothing
  returning process_id
),
logged as (
  insert into {schema}.process_events (process_id, seq, at, version, body)
  select m.process_id, e.seq, c.now, g.version, e.body
  from made m
  join given g on g."processId" = m.process_id
  cross join clock c
  cross join lateral (
    select 1 as seq, json_build_object('type', 'registered', 'registration', g.registration) as body
    union all
    select 1 + s.n, json_build_object('type', 'grant_added', 'sessionId', s.id)
    from json_array_elements_text(g.grants) with ordinality as s(id, n)
  ) e
),
kept as (
  insert into {schema}.process_keys (process_id, key, digest, first_seq, last_seq)
  select m.process_id, g.key, g.digest, 1, g.head from made m join given g on g."processId" = m.process_id
),
shown as (
  insert into {schema}.process_grants (session_id, process_id)
  select s.id, m.process_id
  from made m
  join given g on g."processId" = m.process_id
  cross join lateral json_array_elements_text(g.grants) as s(id)
),
told as materialized (
  select pg_notify($2, $3 || E'\\n' || string_agg(t.process_id, E'\\n'))
  from (select m.process_id, row_number() over () - 1 as n from made m) t
  group by t.n / 10
)
select m.process_id, c.now, (select count(*) from told) as told from made m, clock c`,
);
