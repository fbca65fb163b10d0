import { statement } from "../connection/statement.ts";
import { NODE_FENCE } from "./fence.ts";
import { isSteered } from "./is-steered.ts";
import { turnName } from "./turn-name.ts";

/**
 * The usual case of `append-log-rows.ts`: rows of sessions of one node that follow what their holders wrote before, so that only the
 * fence has to be asked and not the log. $1–$3 node lease, then one element a row: $4 session, $5 epoch, $6 open turn, $7 seq, $8
 * ordinal, $9 at; $10 the bodies as one JSON array, whose members keep their bytes; $11 version, then again one element a row: $12 whether not to when an input wants to steer its turn, $13 the
 * number of the first of the rows that it holds.
 *
 * Returns nothing: how many rows it wrote says whether all went as usual. A session has all of its rows written or none; where one has
 * none, the general statement judges them all. So it does when a number is taken: the violation of the primary key undoes it all. Sub-selects and LATERAL for the sake of the plan, as there.
 */
export const appendNextRows = statement(
  "append_next_rows",
  `
with ${NODE_FENCE}
insert into {schema}.log (session_id, seq, epoch, at, ordinal, version, turn_id, body)
select s.session_id, r.seq, s.epoch, r.at, r.ordinal, $11::smallint, ${turnName("r.seq", "r.first", "s.open_turn")}, r.body
from fence f
cross join rows from (
  unnest((select $4::text[]), (select $5::bigint[]), (select $6::text[]), (select $7::bigint[]),
    (select $8::int[]), (select $9::bigint[]), (select $12::boolean[]), (select $13::bigint[])),
  json_array_elements((select $10::json))
) as r (session_id, epoch, turn_id, seq, ordinal, at, unless_steered, first, body)
cross join lateral (
  select s.session_id, s.epoch, s.open_turn
  from {schema}.sessions s
  where s.session_id = r.session_id and s.owner_node is not distinct from f.node_id and s.owner_generation = f.generation
    and s.epoch = r.epoch and s.open_turn = r.turn_id
    and not (r.unless_steered and ${isSteered("s.session_id")})
  limit 1
) s`,
);
