import { statement } from "../connection/statement.ts";

/**
 * $1 session, whose line is locked, $2 why, $3 evidence of a cancel request, $4 channel of logs. Nothing of it goes on: inputs that have not
 * ended, its open turn, what that waited for, its holder. Returns the inputs that are abandoned, and the turns of agents that worked for it.
 *
 * Its holder looks for a cancel request, and learns by the epoch that it is fenced. A row of the log that is on its way may still land:
 * it belongs to a turn that nobody goes on with.
 */
export const endSession = statement(
  "end_session",
  `
with session as (
  select s.session_id, s.open_turn from {schema}.sessions s where s.session_id = $1
),
gone as (
  update {schema}.inputs i
  set state = 'abandoned', outcome = json_build_object('type', 'abandoned', 'reason', $2::text)
  where i.session_id = $1 and i.state in ('accepted', 'queued', 'staged', 'applied', 'applied_pending_consumption')
  returning i.input_id, i.position
),
stopped as (
  update {schema}.turns t
  set cancel = coalesce(t.cancel, $3::json)
  from session s
  where t.turn_id = s.open_turn and t.outcome is null
),
unwaited as (
  update {schema}.await_events e
  set terminal = '{"status":"cancelled"}', resolved_by = '{"name":"turn","via":"turn"}', resolve_token = 'turn',
    resolved_at = clock_timestamp()
  from session s
  where e.session_id = $1 and e.turn_id = s.open_turn and e.terminal is null and not e.revoked
  returning e.wait
),
freed as (
  update {schema}.sessions s
  set owner_node = null, owner_generation = null, epoch = s.epoch + 1, open_turn = null, open_behaviour = null, open_since = null
  where s.session_id = $1
),
quiet as (
  update {schema}.session_queue q
  set held = false, claim_token = null, phase = 'none', phase_at = null, behaviour = null, blocked_code = null,
    blocked_message = null, wake_at = null, input_at = null, not_before = null, attempts = 0, claimed_head = null
  where q.session_id = $1
)
select g.input_id, null as agent_turn, null as hinted from gone g
union all
select null, u.wait ->> 'turnId', null from unwaited u where u.wait ->> 'type' = 'child_turn'
union all
select null, null, pg_notify($4, $1)::text`,
);
