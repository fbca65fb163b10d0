import { tool } from "pawl";
import { z } from "zod";

/** Moves money: after a crash it is never called again by itself. */
export const refund = tool({
  description: "Refund a customer",
  input: z.object({ cents: z.number().int() }),
  execute: ({ cents }, { idempotencyKey }) => payments.refund(cents, { idempotencyKey }),
});

// What your own code would call.
const payments = {
  async refund(cents: number, { idempotencyKey }: { idempotencyKey: string }) {
    console.log(`refunded ${cents}`);
    return { refunded: cents, reference: idempotencyKey };
  },
};
