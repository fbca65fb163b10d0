import { statement } from "../connection/statement.ts";
import { NODE_FENCE, NODE_GOES_ON } from "./fence.ts";

/**
 * $1–$3 node lease, $4 names, $5 limit, $6 token of this claim. Takes what no living node owns: owner-bound ones that were started
 * whatever their name, since any node can say that their owner is gone. An owner that renews too late finds the epoch raised, in
 * the row that it must lock to write anything. `now` is the database's time in milliseconds.
 */
export const claimProcesses = statement(
  "claim_processes",
  `
with ${NODE_FENCE},
due as (
  select p.process_id
  from {schema}.processes p
  where p.live and p.disposition <> 'external'
    and (p.name = any($4::text[]) or (p.disposition = 'owner_bound' and p.started))
    and (p.not_before is null or p.not_before <= clock_timestamp())
    and exists (select from fence) and ${NODE_GOES_ON}
    and not exists (
      select from {schema}.nodes n
      join {schema}.node_heartbeats h on h.node_id = n.node_id and h.generation = n.generation
      where n.node_id = p.owner_node and n.generation = p.owner_generation and h.expires_at > clock_timestamp())
  order by p.created_at, p.process_id
  limit $5::bigint
  for update of p skip locked
),
taken as (
  update {schema}.processes p
  set owner_node = f.node_id, owner_generation = f.generation, epoch = p.epoch + 1, claim_token = $6, not_before = null
  from due d, fence f
  where p.process_id = d.process_id
  returning p.process_id, p.version, p.record, p.epoch, p.created_at
)
select exists (select from fence) as held, t.process_id, t.version, t.record, t.epoch,
  (extract(epoch from clock_timestamp()) * 1000)::bigint as now
from (select) one
left join taken t on true
order by t.created_at, t.process_id`,
);
