import { statement } from "../connection/statement.ts";
import { isClaimable } from "./claimable-process.ts";
import { NODE_GOES_ON } from "./fence.ts";

/** All that this reads of a record, and so all that it may write again. */
const PARTS = `registration json, status text, grants json, attempts bigint, "startsInARow" bigint, owner json, signals json,
    cancel json, progress json, "end" json, head bigint, "registeredAt" bigint, "startedAt" bigint, "endedAt" bigint`;
const PART_COUNT = 14;

/**
 * $1–$3 node lease, $4 names, $5 limit, $6 token of this claim, $7 version, $8 most starts in a row, or null: none is entered. Takes what
 * no living node owns: owner-bound ones that were started whatever their name, since any node can say that their owner is gone. An owner
 * that renews too late finds the epoch raised, in the row that it must lock to write anything. Where nothing waits, nothing is locked and
 * so nothing written: who looks in vain costs the disk nothing. `now` is the database's time in milliseconds.
 *
 * Those that `isEnteredAtClaim` of @pawl/core are `entered`: `started` is in their log, and their record is the fold with it, written
 * here as `applyProcessEvent` does. A record of another version or with parts that are not known here is left to who knows it. `begun` is
 * materialized, or a plan that was made when nothing waited parses each record once for every other.
 */
export const claimProcesses = statement(
  "claim_processes",
  `
with held as materialized (
  select from {schema}.nodes n
  join {schema}.node_heartbeats h on h.node_id = n.node_id and h.generation = n.generation
  where n.node_id = $1 and n.generation = $2::bigint and n.nonce = $3 and h.expires_at > clock_timestamp()
),
waiting as materialized (
  select from {schema}.processes p
  where p.live and p.disposition <> 'external' and ${NODE_GOES_ON} and ${isClaimable("$4")}
  limit 1
),
fence as (
  select n.node_id, n.generation
  from {schema}.nodes n
  where n.node_id = $1 and n.generation = $2::bigint and n.nonce = $3
    and exists (select from waiting)
    and exists (
      select from {schema}.node_heartbeats h
      where h.node_id = n.node_id and h.generation = n.generation and h.expires_at > clock_timestamp())
  for share of n
),
clock as (
  select (extract(epoch from clock_timestamp()) * 1000)::bigint as now from fence
),
due as materialized (
  select p.process_id, p.record,
    p.disposition = 'rerunnable' and p.name = any($4::text[]) and p.version = $7::smallint and $8::bigint is not null as may_enter
  from {schema}.processes p
  where p.live and p.disposition <> 'external' and exists (select from fence) and ${isClaimable("$4")}
  order by p.created_at, p.process_id
  limit $5::bigint
  for update of p skip locked
),
begun as materialized (
  select d.process_id, r.head + 1 as seq, r.attempts + 1 as attempt,
    json_build_object('nodeId', f.node_id, 'generation', f.generation) as owner, c.now,
    json_build_object(
      'registration', r.registration, 'status', 'running', 'grants', r.grants, 'attempts', r.attempts + 1,
      'startsInARow', r."startsInARow" + 1, 'owner', json_build_object('nodeId', f.node_id, 'generation', f.generation),
      'signals', r.signals, 'cancel', null, 'progress', r.progress, 'end', null, 'head', r.head + 1,
      'registeredAt', r."registeredAt", 'startedAt', coalesce(r."startedAt", c.now), 'endedAt', null) as record
  from due d, fence f, clock c, json_to_record(d.record) as r(${PARTS})
  where d.may_enter and r."startsInARow" < $8::bigint and json_typeof(coalesce(r.cancel, 'null')) = 'null'
    and (select count(*) from json_object_keys(d.record)) = ${PART_COUNT}
),
taken as (
  update {schema}.processes p
  set owner_node = f.node_id, owner_generation = f.generation, epoch = p.epoch + 1, claim_token = $6, not_before = null,
    head = coalesce(b.seq, p.head), started = p.started or b.seq is not null, record = coalesce(b.record, p.record)
  from due d left join begun b using (process_id), fence f
  where p.process_id = d.process_id
  returning p.process_id, p.version, p.record, p.epoch, p.created_at, b.seq, b.now, b.attempt, b.owner
),
logged as (
  insert into {schema}.process_events (process_id, seq, at, version, body)
  select t.process_id, t.seq, t.now, t.version, json_build_object('type', 'started', 'attempt', t.attempt, 'owner', t.owner)
  from taken t
  where t.seq is not null
)
select c.now is not null or (exists (select from held) and not exists (select from waiting)) as held, c.now, t.process_id, t.version, t.record, t.epoch, t.seq is not null as entered
from (select) one
left join clock c on true
left join taken t on true
order by t.created_at, t.process_id`,
);
