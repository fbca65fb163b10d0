import { statement } from "../connection/statement.ts";

/** $1 session, $2 number. Never goes back, and writes nothing when it would. */
export const acknowledgeDeliveries = statement(
  "acknowledge_deliveries",
  `
update {schema}.job_sessions s set acked = least($2::bigint, s.head)
where s.session_id = $1 and s.acked < least($2::bigint, s.head)`,
);
