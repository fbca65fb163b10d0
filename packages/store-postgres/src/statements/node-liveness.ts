/** The process of a node holds its advisory lock; see `../liveness.ts`. `h` is its heartbeat. */
export const holdsItsLock = (h: string): string => `exists (
      select from pg_locks l
      where l.locktype = 'advisory' and l.objsubid = 1 and l.granted
        and ((l.classid::bigint << 32) | l.objid::bigint) = ${h}.lock_key
        and l.database = (select d.oid from pg_database d where d.datname = current_database()))`;

/**
 * Its lease has run out, or its process has lost the lock that it held. A restart of the database takes all locks away, so that of nodes that
 * were opened before it only the leases count for one lease's time: until then they may take theirs again.
 */
export const isDead = (h: string): string => `(
      ${h}.expires_at <= clock_timestamp()
      or (
        ${h}.watched
        and (
          pg_postmaster_start_time() + ${h}.ttl_ms * interval '1 millisecond' < clock_timestamp()
          or exists (
            select from {schema}.nodes o
            where o.node_id = ${h}.node_id and o.generation = ${h}.generation and o.opened_at > pg_postmaster_start_time()))
        and not ${holdsItsLock(h)}))`;
