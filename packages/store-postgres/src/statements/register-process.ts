import { statement } from "../connection/statement.ts";
import { isClaimable } from "./claimable-process.ts";
import { NODE_GOES_ON } from "./fence.ts";

/**
 * $1–$3 node lease, $4 process, $5 name, $6 disposition, $7 its registration, $8 counts of its signals, $9 sessions that see it, $10
 * version, $11 key, $12 digest, $13 names, $14 token of the claim, $15 channel of changes, $16 what is said there.
 *
 * Registers a process that is not there and appends nothing to one that is: then no row. It is the node's at once, and
 * `started` is in its log, if the node holds and goes on and nothing else of these names waits. The record is what `applyProcessEvent` of
 * @pawl/core makes of the events. `now` is the database's time in milliseconds.
 */
export const registerProcess = statement(
  "register_process",
  `
with clock as materialized (
  select (extract(epoch from clock_timestamp()) * 1000)::bigint as now
),
fence as (
  select n.node_id, n.generation, json_build_object('nodeId', n.node_id, 'generation', n.generation) as owner
  from {schema}.nodes n
  where n.node_id = $1 and n.generation = $2::bigint and n.nonce = $3
    and exists (
      select from {schema}.node_heartbeats h
      where h.node_id = n.node_id and h.generation = n.generation and h.expires_at > clock_timestamp())
    and ${NODE_GOES_ON}
    and not exists (
      select from {schema}.processes p where p.live and p.disposition <> 'external' and ${isClaimable("$13")})
  for share of n
),
made as (
  insert into {schema}.processes
    (process_id, name, disposition, started, head, version, owner_node, owner_generation, epoch, claim_token, record)
  select $4, $5, $6, t.taken, 1 + cardinality($9::text[]) + t.entries, $10::smallint,
    f.node_id, f.generation, t.entries, case when t.taken then $14 end,
    json_build_object(
      'registration', $7::json, 'status', case when t.taken then 'running' else 'registered' end, 'grants', to_json($9::text[]),
      'attempts', t.entries, 'startsInARow', t.entries, 'owner', f.owner, 'signals', $8::json, 'cancel', null, 'progress', null,
      'end', null, 'head', 1 + cardinality($9::text[]) + t.entries, 'registeredAt', c.now,
      'startedAt', case when t.taken then c.now end, 'endedAt', null)
  from clock c
  left join fence f on true
  cross join lateral (select f.node_id is not null as taken, (f.node_id is not null)::int as entries) t
  on conflict do nothing
  returning process_id, owner_node is not null as taken, head
),
logged as (
  insert into {schema}.process_events (process_id, seq, at, version, body)
  select m.process_id, e.seq, c.now, $10::smallint, e.body
  from made m, clock c, lateral (
    select 1 as seq, json_build_object('type', 'registered', 'registration', $7::json) as body
    union all
    select 1 + s.n, json_build_object('type', 'grant_added', 'sessionId', s.id)
    from unnest($9::text[]) with ordinality as s(id, n)
    union all
    select m.head, json_build_object('type', 'started', 'attempt', 1, 'owner', f.owner) from fence f where m.taken
  ) e
),
kept as (
  insert into {schema}.process_keys (process_id, key, digest, first_seq, last_seq)
  select m.process_id, $11, $12, 1, 1 + cardinality($9::text[]) from made m
),
shown as (
  insert into {schema}.process_grants (session_id, process_id)
  select s.session_id, m.process_id from made m, unnest($9::text[]) as s(session_id)
)
select m.taken, c.now, case when not m.taken then pg_notify($15, $16) end as told
from made m, clock c`,
);
