import { statement } from "../connection/statement.ts";

/**
 * $1 process: others are told of what its owner writes from now on. A row where it has not ended and nobody has asked for that before. A request
 * that is lost with the database's last moments is lost with the connection that would have heard, and asked again.
 */
export const watchProcess = statement(
  "watch_process",
  `
update {schema}.processes p
set watched = true
where p.process_id = $1 and p.live and not p.watched
returning p.process_id, p.version, p.record, set_config('synchronous_commit', 'off', true) as unflushed`,
);
