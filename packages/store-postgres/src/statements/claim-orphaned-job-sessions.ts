import { statement } from "../connection/statement.ts";
import { NODE_GOES_ON } from "./fence.ts";
import { JOB_SESSION_COLUMNS } from "./job-columns.ts";
import { isDead } from "./node-liveness.ts";

/**
 * $1–$3 node lease of the new holder, $4 limit, $5 token of this claim, $6 channel of changes. Takes sessions that own live jobs and whose holder is gone.
 * A node is gone as in `take-over-node.ts`. What an earlier attempt of this claim took is taken again, also by a
 * node that was paused meanwhile: nobody else would.
 */
export const claimOrphanedJobSessions = statement(
  "claim_orphaned_job_sessions",
  `
with alive as materialized (
  select n.node_id, n.generation, n.nonce
  from {schema}.nodes n
  join {schema}.node_heartbeats h
    on h.node_id = n.node_id and h.generation = n.generation and h.nonce = n.nonce
  where not ${isDead("h")}
),
orphan as (
  select s.session_id
  from {schema}.job_sessions s
  where s.session_id in (select j.session_id from {schema}.jobs j where j.live)
    and s.holder_node is not null
    and (s.holder_token = $5 or ${NODE_GOES_ON} and not exists (
      select from alive a
      where a.node_id = s.holder_node and a.generation = s.holder_generation and a.nonce = s.holder_nonce))
  limit $4::bigint
  for update of s skip locked
)
update {schema}.job_sessions s
set epoch = s.epoch + 1, holder_node = $1, holder_generation = $2::bigint, holder_nonce = $3, holder_token = $5
from orphan o
where s.session_id = o.session_id
returning ${JOB_SESSION_COLUMNS}, pg_notify($6, 'claimed ' || s.session_id) as told`,
);
