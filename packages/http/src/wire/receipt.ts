import { z } from "zod";

/** A receipt as its digest is over it: its members keep their own names, and newer ones may come. */
const receiptSchema = z.looseObject({
  version: z.number(),
  sessionId: z.string(),
  runId: z.string(),
  sequence: z.number(),
  inputIds: z.array(z.string()),
  digest: z.string(),
  previous: z.string().nullable(),
});

export const receiptsSchema = z.object({
  session_id: z.string(),
  receipts: z.array(receiptSchema),
  /** By the id of the input. */
  input_digests: z.record(z.string(), z.string()),
});
