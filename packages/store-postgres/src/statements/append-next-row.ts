import { statement } from "../connection/statement.ts";
import { isSteered } from "./is-steered.ts";
import { turnName } from "./turn-name.ts";

/**
 * As `append-next-rows.ts`, for one row: the usual append of a turn that runs alone. $1–$3 node lease, $4 session, $5 epoch, $6 open
 * turn, $7 seq, $8 ordinal, $9 at, $10 body, $11 version, $12 whether not to when an input wants to steer the turn, $13 the number of
 * the first of the rows that it holds.
 *
 * One scan of one row of `sessions`: everything else is asked once and before it, which costs a fifth less than joining tables of one
 * row does. The lock on the node waits for a take-over that is under way and finds no row after it, which is what makes it a fence (D1).
 * "is not distinct from" keeps the planner from the index of owners: it would read all sessions of the node to find one.
 */
export const appendNextRow = statement(
  "append_next_row",
  `
insert into {schema}.log (session_id, seq, epoch, at, ordinal, version, turn_id, body)
select s.session_id, $7::bigint, s.epoch, $9::bigint, $8::int, $11::smallint, ${turnName("$7::bigint", "$13::bigint", "s.open_turn")}, $10::json
from {schema}.sessions s
where s.session_id = $4 and s.epoch = $5::bigint and s.open_turn = $6
  and s.owner_node is not distinct from $1 and s.owner_generation = (
    select n.generation from {schema}.nodes n
    where n.node_id = $1 and n.generation = $2::bigint and n.nonce = $3
    for share)
  and exists (
    select from {schema}.node_heartbeats h
    where h.node_id = $1 and h.generation = $2::bigint and h.expires_at > clock_timestamp())
  and not ($12::boolean and ${isSteered("$4")})`,
);
