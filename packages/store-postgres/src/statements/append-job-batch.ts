import { statement } from "../connection/statement.ts";

/**
 * JSON lists: $1 of `{ sessionId, epoch }`, $2 of events `{ jobId, sessionId, seq, body }`, $3 of deliveries
 * `{ sessionId, seq, jobId, jobSeq, body }`, $4 of changes `{ jobId, sessionId, version, status, live, document }`, one a job.
 * $5 channel of changes.
 *
 * Writes everything when nothing stands against any part of it, else nothing. Returns what stands against it, one row a session
 * and reason. Events and deliveries that are stored already are recognised by what they say. What an earlier attempt of ours
 * committed while this one waited for its lock is not in this statement's snapshot: a conflict counts only when it is found twice.
 */
export const appendJobBatch = statement(
  "append_job_batch",
  `
with given as materialized (
  select * from json_to_recordset($1::json) as g ("sessionId" text, epoch bigint)
),
event as materialized (
  select * from json_to_recordset($2::json) as e ("jobId" text, "sessionId" text, seq bigint, body json)
),
delivery as materialized (
  select * from json_to_recordset($3::json) as d ("sessionId" text, seq bigint, "jobId" text, "jobSeq" bigint, body json)
),
change as materialized (
  select * from json_to_recordset($4::json)
    as c ("jobId" text, "sessionId" text, version bigint, status text, live boolean, document jsonb)
),
held as materialized (
  select s.session_id, s.head, s.first_seq
  from {schema}.job_sessions s
  join given g on g."sessionId" = s.session_id and g.epoch = s.epoch
  order by s.session_id
  for update of s
),
job as materialized (
  select j.job_id, j.session_id, j.head, j.version, j.status, j.live, j.document
  from {schema}.jobs j
  where j.job_id in (select e."jobId" from event e union select c."jobId" from change c)
    and exists (select from held)
  order by j.job_id
  for update of j
),
fresh_event as materialized (
  select e.*, j.head, row_number() over (partition by e."jobId" order by e.seq) as place
  from event e
  join job j on j.job_id = e."jobId"
  where e.seq > j.head
),
fresh_delivery as materialized (
  select d.*, h.head, row_number() over (partition by d."sessionId" order by d.seq) as place
  from delivery d
  join held h on h.session_id = d."sessionId"
  where d.seq > h.head
),
effect as materialized (
  select c."jobId", c."sessionId", c.version as asked, j.version, j.session_id,
    coalesce(c.status, j.status) as status, coalesce(c.live, j.live) as live,
    j.document || coalesce(c.document, '{}') as document,
    coalesce(c.status <> j.status, false) or coalesce(c.live <> j.live, false)
      or j.document || coalesce(c.document, '{}') <> j.document as changes
  from change c
  left join job j on j.job_id = c."jobId"
),
misfit as materialized (
  select n."sessionId" as session_id, 'fenced' as reason
  from (
    select g."sessionId" from given g
    union select e."sessionId" from event e
    union select d."sessionId" from delivery d
    union select c."sessionId" from change c
  ) n
  where not exists (select from held h where h.session_id = n."sessionId")
  union
  select e."sessionId", 'conflict'
  from event e
  left join job j on j.job_id = e."jobId"
  where j.session_id is distinct from e."sessionId"
    or (e.seq <= j.head and not exists (
      select from {schema}.job_events s
      where s.job_id = e."jobId" and s.seq = e.seq and s.body::jsonb = e.body::jsonb))
  union
  select f."sessionId", 'conflict' from fresh_event f where f.seq <> f.head + f.place
  union
  select f."sessionId", 'conflict' from fresh_delivery f where f.seq <> f.head + f.place
  union
  select d."sessionId", 'conflict'
  from delivery d
  join held h on h.session_id = d."sessionId"
  where (d."jobId" is not null
      and not exists (select from event e where e."jobId" = d."jobId" and e.seq = d."jobSeq")
      and not exists (select from {schema}.job_events s where s.job_id = d."jobId" and s.seq = d."jobSeq"))
    -- What was let go cannot be compared any more.
    or (d.seq <= h.head and d.seq >= h.first_seq and not exists (
      select from {schema}.job_deliveries s
      where s.session_id = d."sessionId" and s.seq = d.seq and s.job_id is not distinct from d."jobId"
        and s.job_seq is not distinct from d."jobSeq" and s.body::jsonb is not distinct from d.body::jsonb))
  union
  select f."sessionId", 'conflict'
  from effect f
  where f.session_id is distinct from f."sessionId" or (f.asked <> f.version and f.changes)
),
going as (
  select where not exists (select from misfit)
),
logged as (
  insert into {schema}.job_events (job_id, seq, body)
  select f."jobId", f.seq, f.body from fresh_event f, going
),
streamed as (
  insert into {schema}.job_deliveries (session_id, seq, job_id, job_seq, body)
  select f."sessionId", f.seq, f."jobId", f."jobSeq", f.body from fresh_delivery f, going
),
advanced as (
  update {schema}.job_sessions s
  set head = f.head
  from (select d."sessionId", max(d.seq) as head from fresh_delivery d, going group by d."sessionId") f
  where s.session_id = f."sessionId"
),
moved as (
  update {schema}.jobs j
  set head = greatest(j.head, m.head), version = j.version + m.changes,
    status = coalesce(m.status, j.status), live = coalesce(m.live, j.live), document = coalesce(m.document, j.document),
    ended_at = case when coalesce(m.live, j.live) then null else coalesce(j.ended_at, clock_timestamp()) end
  from (
    select k.job_id, (select max(f.seq) from fresh_event f where f."jobId" = k.job_id) as head,
      case when f.changes then 1 else 0 end as changes, f.status, f.live, f.document
    from going
    cross join job k
    left join effect f on f."jobId" = k.job_id
  ) m
  where j.job_id = m.job_id and (m.head is not null or m.changes > 0)
  returning j.job_id
)
select m.session_id, m.reason, null as told from misfit m
union all
select null, null, pg_notify($5, v.job_id) from moved v`,
);
