/**
 * What a claim writes into the line of a session, as assignments to the alias `q`: `token` of the claim, and the alias of what was taken, with its
 * `head` and `open_turn`. Attempts count only when the log has not grown since the last claim (D17).
 */
export function claimedLine(token: string, taken: string): string {
  return `held = true, claim_token = ${token}, used_at = clock_timestamp(), wake_at = null, not_before = null, phase_at = null,
    blocked_code = null, blocked_message = null,
    phase = case when ${taken}.open_turn is null then 'none' else 'open' end,
    attempts = case
      when q.claimed_head is null then q.attempts
      when ${taken}.head > q.claimed_head then 0
      else q.attempts + 1 end,
    claimed_head = ${taken}.head`;
}
