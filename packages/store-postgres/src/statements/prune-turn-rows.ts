import { type Statement, statement } from "../connection/statement.ts";
import { ATTEMPT_RESET_TAG, SEVERAL_TAG, TEXT_DELTA_TAG } from "../packing/log-body.ts";

/** Which turns may lose what: of both kinds, and counted with the same words. `$1`: ended before, in milliseconds. */
const OLD_TEXT = "t.ended_at < to_timestamp($1::double precision / 1000) and t.pruned is null";
const OLD_TURN = `t.ended_at < to_timestamp($1::double precision / 1000) and (t.pruned is null or t.pruned = 'text')
    and not exists (
      select from {schema}.turns f where f.fork_of = t.turn_id and f.pruned is distinct from 'turn')`;

const TEXT_ROW = `n.kind in ('text_delta', 'attempt_reset', '${TEXT_DELTA_TAG}', '${ATTEMPT_RESET_TAG}')`;
const TURN_ROW = "n.kind <> 'turn_committed'";

/**
 * $1 ended before, in milliseconds, $2 at most so many turns. Each run of rows that go is replaced by one that stands where its last one
 * stood and says how many there were, those that an earlier pruning had counted among them.
 */
function pruneRows(name: string, what: "text" | "turn", isOld: string, goes: string): Statement {
  return statement(
    name,
    `
with chosen as materialized (
  select t.turn_id, t.session_id, t.first_seq, t.last_seq from {schema}.turns t
  where ${isOld}
  order by t.ended_at
  limit $2::bigint
  for update skip locked
),
numbered as (
  select c.turn_id, l.session_id, l.seq, coalesce(l.body ->> 'kind', l.body ->> 0) as kind,
    case
      when l.body ->> 'kind' = 'pruned' then (l.body ->> 'rows')::bigint
      when l.body ->> 0 = '${SEVERAL_TAG}' then json_array_length(l.body -> 1)
      else 1
    end as rows,
    row_number() over (partition by c.turn_id order by l.seq) as place
  from chosen c
  join {schema}.log l on l.session_id = c.session_id and (l.turn_id = c.turn_id or l.turn_id is null)
    and l.seq between c.first_seq and c.last_seq
),
going as (
  select n.*, n.place - row_number() over (partition by n.turn_id order by n.place) as run
  from numbered n
  where ${goes}
),
runs as materialized (
  select g.session_id, g.turn_id, g.run, max(g.seq) as last_seq, sum(g.rows)::bigint as rows
  from going g
  group by g.session_id, g.turn_id, g.run
),
gone as (
  delete from {schema}.log l
  using going g join runs r on r.turn_id = g.turn_id and r.run = g.run and g.seq < r.last_seq
  where l.session_id = g.session_id and l.seq = g.seq
),
marked as (
  update {schema}.log l
  set ordinal = null, turn_id = r.turn_id, body = json_build_object('kind', 'pruned', 'what', '${what}', 'rows', r.rows)
  from runs r
  where l.session_id = r.session_id and l.seq = r.last_seq
)
update {schema}.turns t
set pruned = '${what}'
from chosen c
where t.turn_id = c.turn_id
returning t.turn_id`,
  );
}

export const pruneTurnText = pruneRows("prune_turn_text", "text", OLD_TEXT, TEXT_ROW);

export const pruneTurns = pruneRows("prune_turns", "turn", OLD_TURN, TURN_ROW);

/** $1 ended before, in milliseconds. */
export const countTurnText = statement(
  "count_turn_text",
  `select count(*) as count from {schema}.turns t where ${OLD_TEXT}`,
);

/** $1 ended before, in milliseconds. */
export const countTurns = statement(
  "count_turns",
  `select count(*) as count from {schema}.turns t where ${OLD_TURN}`,
);
