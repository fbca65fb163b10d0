import { statement } from "../connection/statement.ts";

/** $1 node, $2 generation, $3 tokens of claims whose answer was lost: nobody in this process knows what they took. */
export const freeLostProcessClaims = statement(
  "free_lost_process_claims",
  `
update {schema}.processes p
set owner_node = null, owner_generation = null, claim_token = null
where p.owner_node = $1 and p.owner_generation = $2::bigint and p.claim_token = any($3::text[])`,
);
