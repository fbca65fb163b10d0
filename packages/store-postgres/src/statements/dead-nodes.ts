import { isDead } from "./node-liveness.ts";

/** Two columns of a claim: the nodes but `$1` that are dead, and the ids of ended ones. Their sessions are to be freed before they can be claimed. */
export const DEAD_NODES = `(
    select coalesce(json_agg(json_build_object(
      'node_id', h.node_id, 'generation', h.generation, 'nonce', h.nonce)), '[]')
    from {schema}.node_heartbeats h
    where h.node_id <> $1 and ${isDead("h")}
  ) as dead,
  (select coalesce(json_agg(n.node_id), '[]') from {schema}.nodes n where n.unswept) as unswept`;
