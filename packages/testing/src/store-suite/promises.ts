/**
 * What every store promises, beside the durability rules (D1…). Titles of cases begin with the numbers of what they check; a
 * test sees to it that each promise has a case and each number a promise.
 */
export const STORE_PROMISES = {
  S1: "a record comes back as it was given",
  S2: "what is absent is absent, and no error",
  S3: "a change replaces and never duplicates",
  S4: "sessions and stores know nothing of one another",
  S5: "inputs stand in the order of their admission, for good",
  S6: "what is returned, and what was handed in, is detached from what is stored",
  S7: "a commit returns exactly the receipt that is stored",
  S8: "sequences are dense per run, from 0",
  S9: "digests are what anybody computes from the same facts, and the receipts are a chain",
  S10: "content that cannot be stored is refused, and nothing of it is written",
  S11: "what fails half-way leaves nothing behind",
  S12: "the same commit again is the same receipt, another one a conflict",
  S13: "the same idempotency key again is the first input, with other content a conflict",
  S14: "what has ended takes no more writes",
  S15: "a superseded writer writes nothing",
  S16: "a turn begins wholly or not at all",
  S17: "racing writers of one thing make one thing",
  S18: "what was acknowledged is there after a restart",
  S19: "recovering twice is recovering once",
  S20: "a spoilt row is named and harms no other session",
  S21: "large content is kept whole",
  S22: "data of a newer schema is refused",
  S23: "the suite itself can fail: a broken store fails the chapter made for it (tested where the broken stores are)",
  S24: "every accepted input reaches a terminal state within bounded attempts",
  S25: "an owner sees its own sessions and nothing of anybody else's",
} as const;
