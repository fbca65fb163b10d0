/**
 * The fence of D1, as the first parts of a `with`. Three parameters from `first` on are the node's lease: the row of a node that still
 * holds it, by the database's clock, locked so that nobody takes over before this transaction ends. None: nothing may be written.
 */
export const nodeFence = (first: number): string => `fence as (
  select n.node_id, n.generation
  from {schema}.nodes n
  where n.node_id = $${first} and n.generation = $${first + 1}::bigint and n.nonce = $${first + 2}
    and exists (
      select from {schema}.node_heartbeats h
      where h.node_id = n.node_id and h.generation = n.generation and h.expires_at > clock_timestamp())
  for share of n
)`;

/** $1–$3 node lease. */
export const NODE_FENCE = nodeFence(1);

/** The node of `$1` was not paused: for what begins with something new. */
export const NODE_GOES_ON =
  "not exists (select from {schema}.node_heartbeats h where h.node_id = $1 and h.paused)";

/** $4 session, $5 epoch: the session's row, locked, if the node of `NODE_FENCE` owns it in this epoch. */
export const SESSION_HOLDER = `holder as (
  select s.session_id, s.open_turn, s.log_head
  from fence f
  join {schema}.sessions s on s.session_id = $4
    and s.owner_node = f.node_id and s.owner_generation = f.generation and s.epoch = $5::bigint
  for update of s
)`;

/** As `NODE_FENCE`, for a list that names the lease of each of its members: the nodes of those that still hold theirs, locked. */
export const nodesNamedIn = (list: string): string => `fence as materialized (
  select n.node_id, n.generation, n.nonce
  from {schema}.nodes n
  where exists (
      select from ${list} a
      where a."nodeId" = n.node_id and a.generation = n.generation and a.nonce = n.nonce)
    and exists (
      select from {schema}.node_heartbeats h
      where h.node_id = n.node_id and h.generation = n.generation and h.expires_at > clock_timestamp())
  for share of n
)`;
