import { statement } from "../connection/statement.ts";
import { DIGEST_PLACE, PREVIOUS_PLACE } from "../packing/receipt.ts";
import { tombstone } from "./tombstone.ts";

/**
 * $1 session. Takes a condemned session that nobody holds away from the queue, for ever, and keeps the digests of its receipts. A row: it is
 * so now, or was so before. None: somebody holds it.
 */
export const sealErasedSession = statement(
  "seal_erased_session",
  `
with unheld as materialized (
  select q.session_id from {schema}.session_queue q where q.session_id = $1 and not q.held for update
),
unqueued as (
  delete from {schema}.session_queue q using unheld u where q.session_id = u.session_id
),
fenced as (
  update {schema}.sessions s
  set runtime_state = 'destroyed', owner_node = null, owner_generation = null, epoch = s.epoch + 1, open_turn = null,
    open_behaviour = null, open_since = null
  from unheld u
  where s.session_id = u.session_id
  returning s.session_id
),
kept as (
  update {schema}.erased_sessions e
  set chain = (
    select coalesce(json_agg(json_build_object(
      'digest', coalesce(r.receipt ->> 'digest', r.receipt ->> ${DIGEST_PLACE}),
      'previous', coalesce(r.receipt ->> 'previous', r.receipt ->> ${PREVIOUS_PLACE}))
      order by r.position), '[]')
    from {schema}.receipts r where r.session_id = f.session_id)
  from fenced f
  where e.session_hash = ${tombstone("session", "f.session_id")}
)
select session_id from fenced
union
select s.session_id from {schema}.sessions s
where s.session_id = $1 and not exists (select from {schema}.session_queue q where q.session_id = s.session_id)`,
);
