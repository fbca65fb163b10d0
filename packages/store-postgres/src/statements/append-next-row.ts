import { statement } from "../connection/statement.ts";
import { isSteered } from "./is-steered.ts";
import { turnName } from "./turn-name.ts";

/**
 * As `append-next-rows.ts`, for one row: the usual append of a turn that runs alone. $1–$3 node lease, $4 session, $5 epoch, $6 open
 * turn, $7 seq, $8 ordinal, $9 at, $10 body, $11 version, $12 whether not to when an input wants to steer the turn, $13 the number of
 * the first of the rows that it holds.
 *
 * "is not distinct from" keeps the planner from the index of owners: it would read all sessions of the node to find one.
 */
export const appendNextRow = statement(
  "append_next_row",
  `
insert into {schema}.log (session_id, seq, epoch, at, ordinal, version, turn_id, body)
select s.session_id, $7::bigint, s.epoch, $9::bigint, $8::int, $11::smallint, ${turnName("$7::bigint", "$13::bigint", "s.open_turn")}, $10::json
from {schema}.nodes n
join {schema}.node_heartbeats h on h.node_id = n.node_id and h.generation = n.generation
  and h.expires_at > clock_timestamp()
join {schema}.sessions s on s.owner_node is not distinct from n.node_id and s.owner_generation = n.generation
where n.node_id = $1 and n.generation = $2::bigint and n.nonce = $3
  and s.session_id = $4 and s.epoch = $5::bigint and s.open_turn = $6
  and not ($12::boolean and ${isSteered("s.session_id")})
for share of n`,
);
