import { statement } from "../connection/statement.ts";
import { isClaimable } from "./claimable-process.ts";
import { NODE_FENCE, NODE_GOES_ON } from "./fence.ts";

/**
 * $1–$3 node lease, $4 process, $5 name, $6 disposition, $7 record, $8 head, $9 JSON list of what its events say, the first of which is number 1 and the
 * last `started`, $10 version, $11 key of those before that, $12 digest, $13 sessions that see it, $14 time of the events, $15 names, $16
 * token of the claim.
 *
 * Registers a process that is not there as this node's, which has entered it, if the node holds and goes on and nothing else of these
 * names waits; else it writes nothing. A body waits for this, so it is small: nothing is read, made or told here that its writer knows.
 */
export const registerEntered = statement(
  "register_entered",
  `
with ${NODE_FENCE},
made as (
  insert into {schema}.processes
    (process_id, name, disposition, started, head, version, owner_node, owner_generation, epoch, claim_token, record)
  select $4, $5, $6, true, $8::bigint, $10::smallint, f.node_id, f.generation, 1, $16, $7::json
  from fence f
  where ${NODE_GOES_ON} and not exists (
    select from {schema}.processes p where p.live and p.disposition <> 'external' and ${isClaimable("$15")})
  on conflict do nothing
  returning process_id
),
kept as (
  insert into {schema}.process_keys (process_id, key, digest, first_seq, last_seq)
  select m.process_id, $11, $12, 1, $8::bigint - 1 from made m
),
shown as (
  insert into {schema}.process_grants (session_id, process_id)
  select s.session_id, m.process_id from made m, unnest($13::text[]) as s(session_id)
)
insert into {schema}.process_events (process_id, seq, at, version, body)
select m.process_id, e.seq, $14::bigint, $10::smallint, e.body
from made m, json_array_elements($9::json) with ordinality as e(body, seq)`,
);
