import { decodedStatement } from "../connection/statement.ts";

/**
 * $1–$3 node lease, $4 session, $5 epoch, $6 run, $7 inputs. Everything that a commit is decided from, in one row; the write
 * asserts again what may have changed since.
 */
export const readCommitFacts = decodedStatement(
  "read_commit_facts",
  `
select
  exists (
    select from {schema}.nodes n
    join {schema}.node_heartbeats h on h.node_id = n.node_id and h.generation = n.generation
    where n.node_id = $1 and n.generation = $2::bigint and n.nonce = $3 and h.expires_at > clock_timestamp()
      and s.owner_node = n.node_id and s.owner_generation = n.generation and s.epoch = $5::bigint) as held,
  s.revision, s.message_count, s.receipt_count, s.last_digest, s.open_turn,
  greatest(s.log_head, coalesce((
    select l.seq from {schema}.log l where l.session_id = $4 order by l.seq desc limit 1), 0)) as head,
  $4 as session_id, $6 as run_id, t.cancel, t.outcome, t.outcome is not null as ended,
  (
    select coalesce(json_agg(r.receipt order by r.sequence), '[]')
    from {schema}.receipts r where r.session_id = $4 and r.run_id = $6
  ) as receipts,
  (
    select coalesce(json_agg(json_build_object(
      'input_id', i.input_id, 'state', i.state, 'digest', i.digest, 'delivery', i.delivery)), '[]')
    from {schema}.inputs i
    where i.turn_id = $6 and i.session_id = $4 and (i.state = 'staged' or i.input_id = any($7::text[]))
  ) as inputs
from (select) one
left join {schema}.sessions s on s.session_id = $4
left join {schema}.turns t on t.turn_id = $6 and t.session_id = $4`,
  ({ cancel, receipts }) => cancel !== null || (receipts as unknown[]).length > 0,
);
