import { decodedStatement } from "../connection/statement.ts";
import { ASKED_IDS } from "./asked-ids.ts";

/** $1 turns. `place` says which of them a row is. */
export const loadPendingCancel = decodedStatement(
  "load_pending_cancel",
  `
select k.place, t.cancel
from ${ASKED_IDS}
cross join lateral (
  select t.cancel from {schema}.turns t
  where t.turn_id = k.id and t.outcome is null and t.cancel is not null
  limit 1
) t`,
);
