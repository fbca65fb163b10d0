import { statement } from "../connection/statement.ts";

/** $1 session, $2 paused or not, $3 channel for hints. One row when there is such a session; a hint when it can be claimed now. */
export const setPaused = statement(
  "set_paused",
  `
with line as (
  update {schema}.session_queue q
  set paused = $2::boolean
  where q.session_id = $1
  returning q.session_id, q.ready_at
)
select l.session_id, case when l.ready_at is not null then pg_notify($3, l.session_id) end as hinted
from line l`,
);
