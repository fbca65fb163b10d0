import { decodedStatement } from "../connection/statement.ts";

/** $1 session, $2 position of the first message, from 0. Of rows of several messages `position` is the last one's. */
export const readTranscript = decodedStatement(
  "read_transcript",
  `
select m.position, m.run_id, m.body from {schema}.messages m
where m.session_id = $1 and m.position >= $2::bigint
order by m.position`,
);
