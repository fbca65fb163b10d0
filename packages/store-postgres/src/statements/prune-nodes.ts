import { statement } from "../connection/statement.ts";

/** Nobody holds it, its lease ran out before, and nothing waits to be freed from it. A node that was taken over has no heartbeat any more. */
const OLD = `not n.unswept and n.opened_at < to_timestamp($1::double precision / 1000)
  and not exists (
    select from {schema}.node_heartbeats h
    where h.node_id = n.node_id and h.expires_at >= least(clock_timestamp(), to_timestamp($1::double precision / 1000)))
  and not exists (select from {schema}.sessions s where s.owner_node = n.node_id)
  and not exists (select from {schema}.processes p where p.owner_node = n.node_id and p.live)`;

/** $1 lease over before, in milliseconds, $2 at most so many. A node that comes back has a nonce of its own (D27). */
export const pruneNodes = statement(
  "prune_nodes",
  `
with old as materialized (
  select n.node_id from {schema}.nodes n
  where ${OLD}
  limit $2::bigint
  for update skip locked
),
silent as (
  delete from {schema}.node_heartbeats h using old o
  where h.node_id = o.node_id and h.expires_at < least(clock_timestamp(), to_timestamp($1::double precision / 1000))
)
delete from {schema}.nodes n using old o
where n.node_id = o.node_id
returning n.node_id`,
);

/** $1 lease over before, in milliseconds. */
export const countNodes = statement(
  "count_nodes",
  `select count(*) as count from {schema}.nodes n where ${OLD}`,
);
