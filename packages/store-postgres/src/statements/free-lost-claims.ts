import { statement } from "../connection/statement.ts";

/**
 * $1–$3 node lease, $4 tokens of claims whose answer was lost. If such a claim landed, nobody in this process knows what it
 * took: those sessions are freed, and claimed anew under another epoch.
 */
export const freeLostClaims = statement(
  "free_lost_claims",
  `
with fence as (
  select n.node_id, n.generation
  from {schema}.nodes n
  where n.node_id = $1 and n.generation = $2::bigint and n.nonce = $3
  for share of n
),
lost as (
  select q.session_id
  from fence f
  join {schema}.sessions s on s.owner_node = f.node_id and s.owner_generation = f.generation
  join {schema}.session_queue q on q.session_id = s.session_id and q.claim_token = any($4::text[])
  for update of q
),
freed as (
  update {schema}.sessions s
  set owner_node = null, owner_generation = null
  from lost l
  where s.session_id = l.session_id
  returning s.session_id, s.open_turn, s.open_since, s.open_behaviour
)
update {schema}.session_queue q
set held = false, claim_token = null, claimed_head = null, behaviour = f.open_behaviour,
  phase = case when f.open_turn is null then 'none' else 'open' end,
  phase_at = f.open_since,
  -- What the lost claim cleared may have been a wake mark: look once more.
  wake_at = coalesce(q.wake_at, clock_timestamp())
from freed f
where q.session_id = f.session_id`,
);
