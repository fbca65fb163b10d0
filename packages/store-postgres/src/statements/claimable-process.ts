/**
 * Of a live process `p` that is not external: some node may claim it now. Those that a node has the bodies for by name, and owner-bound ones
 * that were started whatever their name, since any node can say that their owner is gone.
 *
 * One expression of which the planner knows nothing: taken apart, the conditions seem to leave a handful, and it reads and sorts all that waits
 * to find the first of them.
 *
 * @param names the parameter with the names
 */
export const isClaimable = (names: string): string => `case when
      (p.name = any(${names}::text[]) or (p.disposition = 'owner_bound' and p.started))
      and (p.not_before is null or p.not_before <= clock_timestamp())
      and not exists (
        select from {schema}.nodes n
        join {schema}.node_heartbeats h on h.node_id = n.node_id and h.generation = n.generation
        where n.node_id = p.owner_node and n.generation = p.owner_generation and h.expires_at > clock_timestamp())
    then true end`;
