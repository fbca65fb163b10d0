import { statement } from "../connection/statement.ts";

/** $1 resolved before, in milliseconds. As `prune-await-events.ts` has it. */
export const countAwaitEvents = statement(
  "count_await_events",
  `
select count(*) as count from {schema}.await_events e
where e.resolved_at < to_timestamp($1::double precision / 1000) and not e.revoked
  and (e.info ->> 'type') is distinct from 'approval'
  and not exists (select from {schema}.turns t where t.turn_id = e.turn_id and t.outcome is null)`,
);

/** $1 ended before, in milliseconds. As `prune-jobs.ts` has it. */
export const countJobs = statement(
  "count_jobs",
  `select count(*) as count from {schema}.jobs j where j.ended_at < to_timestamp($1::double precision / 1000)`,
);
