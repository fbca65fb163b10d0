import { statement } from "../connection/statement.ts";

/** Expired or revoked, whichever was first, before $1, milliseconds since the epoch; never one that is valid now. */
const OLD = `least(t.expires_at, t.revoked_at) < least(clock_timestamp(), to_timestamp($1::double precision / 1000))`;

/** $1 not valid since before, in milliseconds, $2 at most so many. */
export const pruneTokens = statement(
  "prune_tokens",
  `
delete from {schema}.tokens
where token_id in (
  select t.token_id from {schema}.tokens t
  where ${OLD}
  limit $2::bigint
  for update skip locked)
returning token_id`,
);

/** $1 not valid since before, in milliseconds. */
export const countTokens = statement(
  "count_tokens",
  `select count(*) as count from {schema}.tokens t where ${OLD}`,
);
