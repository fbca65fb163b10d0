import { statement } from "../connection/statement.ts";
import { tombstone } from "./tombstone.ts";

/**
 * $1 session, $2 channel of work, $3 channel of resolutions. From here on nobody comes in: the id is taken, the keys are revoked, what is
 * queued is given up, and an open turn shall end (D18). The same again changes nothing. No row: there is no such session.
 *
 * The session's line is locked first, as by a claim and an acceptor. `owner` is who drives it, `lease_over` whether its lease ran out.
 */
export const condemnSession = statement(
  "condemn_session",
  `
with line as materialized (
  select q.session_id, q.held from {schema}.session_queue q where q.session_id = $1 for update
),
known as (
  select s.session_id, s.open_turn, s.owner_node from {schema}.sessions s where s.session_id = $1
),
marked as (
  insert into {schema}.erased_sessions (session_hash)
  select ${tombstone("session", "k.session_id")} from known k
  on conflict do nothing
),
abandoned as (
  update {schema}.inputs i
  set state = 'abandoned', outcome = '{"type":"abandoned","reason":"destroyed"}'
  from known k
  where i.session_id = k.session_id and i.state = 'queued'
),
stopped as (
  update {schema}.turns t
  set cancel = json_build_object('requestId', 'erase',
    'requestedAt', (extract(epoch from clock_timestamp()) * 1000)::bigint, 'origin', 'erase')
  from known k
  where t.turn_id = k.open_turn and t.outcome is null and t.cancel is null
),
revoked as (
  update {schema}.await_events e
  set revoked = true
  from known k
  where e.session_id = k.session_id and e.terminal is null and not e.revoked
  returning e.key_id
),
woken as (
  update {schema}.session_queue q
  set wake_at = clock_timestamp(), input_at = null
  from line l
  where q.session_id = l.session_id
)
select k.session_id, coalesce((select l.held from line l), false) as held, k.owner_node,
  not exists (
    select from {schema}.node_heartbeats h
    where h.node_id = k.owner_node and h.expires_at > clock_timestamp()) as lease_over,
  pg_notify($2, k.session_id) as hinted,
  (select count(pg_notify($3, r.key_id)) from revoked r) as told
from known k`,
);
