import { z } from "zod";
import type { BudgetGrant } from "../grant-budget.ts";

const amount = z.number().int().positive();

/** The body of `POST /v1/turns/:id/grants`: what is absent is not raised. */
export const grantBodySchema = z
  .strictObject({ tokens: amount.optional(), cost_nano_usd: amount.optional() })
  .refine(
    ({ tokens, cost_nano_usd: cost }) => tokens !== undefined || cost !== undefined,
    "must have tokens, cost_nano_usd or both",
  );

export type GrantBody = z.infer<typeof grantBodySchema>;

export function grantOf({ tokens, cost_nano_usd: costNanoUsd }: GrantBody): BudgetGrant {
  return { ...(tokens !== undefined && { tokens }), ...(costNanoUsd !== undefined && { costNanoUsd }) };
}
