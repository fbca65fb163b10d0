import { tombstone } from "./tombstone.ts";

/**
 * Whether an input may be entered as a new one, as a condition on these parameters: nothing is there under its id or its key, nothing of them
 * was erased, and its session takes inputs.
 *
 * One look for each index: an `or` of two keys is read in a scan of the whole table where the plan was made while there was little in it.
 */
export function acceptable(session: string, input: string, key: string): string {
  return `not exists (select from {schema}.inputs i where i.input_id = ${input})
    and not exists (select from {schema}.inputs i where i.session_id = ${session} and i.idempotency_key = ${key})
    and not exists (select from {schema}.erased_sessions e where e.session_hash = ${tombstone("session", `${session}::text`)})
    and not exists (select from {schema}.tombstones t where t.hash = ${tombstone("input", `${input}::text`)})
    and not exists (
      select from {schema}.sessions s
      where s.session_id = ${session} and (s.runtime_state in ('retired', 'stopped', 'destroyed')
        or (s.runtime_state = 'running' and s.rest_state = 'retired')))`;
}
