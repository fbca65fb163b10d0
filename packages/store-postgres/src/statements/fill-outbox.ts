import { statement } from "../connection/statement.ts";

/** $1 session, $2 run, $3 digest of the receipt, $4 its place in the chain, $5 JSON of `[{ place, topic, item, failure }]`. */
export const fillOutbox = statement(
  "fill_outbox",
  `
insert into {schema}.outbox (id, session_id, run_id, position, place, topic, item, dead, failure)
select $3::text || '/' || i.place, $1, $2, $4::bigint, i.place, i.topic, i.item, i.failure is not null, i.failure
from json_to_recordset($5::json) as i (place integer, topic text, item json, failure json)`,
);
