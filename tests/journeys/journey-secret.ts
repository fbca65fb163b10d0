/** What all hosts of a journey sign with. */
export const JOURNEY_SECRET = "k1:cGF3bCBqb3VybmV5cyBzaWduIHdpdGggdGhpcyBzZWNyZXQ=";
