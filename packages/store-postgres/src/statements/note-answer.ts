import { statement } from "../connection/statement.ts";

/** $1 key, $2 who resolved it, with a note. Changes nothing of an event that has a note, or that somebody else resolved. */
export const noteAnswer = statement(
  "note_answer",
  `
update {schema}.await_events e
set resolved_by = $2::json
where e.key_id = $1 and e.resolved_by ->> 'note' is null
  and e.resolved_by ->> 'name' = $2::json ->> 'name' and e.resolved_by ->> 'via' = $2::json ->> 'via'`,
);
