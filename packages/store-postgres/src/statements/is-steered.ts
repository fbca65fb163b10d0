/**
 * Whether an input is queued and due that wants to enter the open turn of this session (D19). Kept cheap by an index of its own. The
 * time is the statement's, so that all rows of a session get the same answer.
 */
export const isSteered = (sessionId: string): string => `exists (
    select from {schema}.inputs i
    where i.session_id = ${sessionId} and i.state = 'queued' and i.delivery in ('steer', 'interrupt')
      and i.due_at <= statement_timestamp())`;
