/**
 * The ids of a list, `$1`, and the place of each in it, from 1. Not `unnest`: PostgreSQL takes that for as long as the list is, so that the plan for
 * any list looks dear beside that for this one, and the statement is planned anew each time, which takes much longer than to run it.
 */
export const ASKED_IDS =
  "(select ($1::text[])[n.place] as id, n.place from generate_subscripts($1::text[], 1) as n (place)) as k";
