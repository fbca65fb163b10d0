import { statement } from "../connection/statement.ts";

/** Whatever ended before was made before, by the same clock: that is what there is an index for. */
const OLD = `not p.live and p.created_at < to_timestamp($1::bigint / 1000.0) and (p.record ->> 'endedAt')::bigint < $1::bigint`;

/** $1 ended before, in milliseconds, $2 at most so many. */
export const pruneTasks = statement(
  "prune_tasks",
  `
with old as materialized (
  select p.process_id from {schema}.processes p
  where ${OLD}
  order by p.created_at
  limit $2::bigint
  for update skip locked
),
events as (
  delete from {schema}.process_events e using old o where e.process_id = o.process_id
),
keys as (
  delete from {schema}.process_keys k using old o where k.process_id = o.process_id
),
grants as (
  delete from {schema}.process_grants g using old o where g.process_id = o.process_id
)
delete from {schema}.processes p using old o where p.process_id = o.process_id
returning p.process_id`,
);

/** $1 ended before, in milliseconds. */
export const countTasks = statement(
  "count_tasks",
  `select count(*) as count from {schema}.processes p where ${OLD}`,
);
