import { z } from "zod";

/** A lease as it travels: namespace to patterns (section 9). The grammar is checked in leases/lease-grammar.ts. */
export const leaseSchema = z.record(
  z.string().min(1).max(256),
  z.array(z.string().min(1).max(4096)).max(1024),
);

export const leaseConstraintsSchema = z.looseObject({ expires_at: z.string().optional() });

/** Currency to amount, as JSON numbers: what is left of a budget, for a person's eyes. Never used to count. */
export const budgetSchema = z.record(z.string(), z.number());

export const credentialSchema = z.looseObject({
  id: z.string().min(1),
  scheme: z.string().min(1),
  value: z.string(),
  endpoint: z.string().min(1),
  profile: z.string().optional(),
  constraints: z
    .looseObject({
      "cost.budget": z.array(z.string()).optional(),
      "model.use": z.array(z.string()).optional(),
      expires_at: z.string().optional(),
    })
    .optional(),
});

export type Lease = Record<string, string[]>;

export interface LeaseConstraints {
  /** ISO 8601 in UTC. */
  expires_at?: string | undefined;
  [key: string]: unknown;
}

export interface Credential {
  id: string;
  scheme: string;
  /** A secret. */
  value: string;
  endpoint: string;
  profile?: string | undefined;
  constraints?:
    | {
        "cost.budget"?: string[] | undefined;
        "model.use"?: string[] | undefined;
        expires_at?: string | undefined;
      }
    | undefined;
}
