/**
 * The lock of the node that follows `nodeId` in the order of names, and of the first one behind the last: who is watched by it. Only
 * of those that hold their lock; null where there is none. `nodeId` is an expression.
 */
export function neighbourOf(nodeId: string): string {
  return `(
    select o.lock_key::text from {schema}.node_heartbeats o
    where o.node_id <> ${nodeId} and o.watched and o.expires_at > clock_timestamp()
      and exists (
        select from pg_locks l
        where l.locktype = 'advisory' and l.objsubid = 1 and l.granted
          and ((l.classid::bigint << 32) | l.objid::bigint) = o.lock_key
          and l.database = (select d.oid from pg_database d where d.datname = current_database()))
    order by o.node_id > ${nodeId} desc, o.node_id
    limit 1)`;
}
