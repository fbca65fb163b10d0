import { tool } from "pawl";
import { z } from "zod";

/** Only reads, so after a crash it may simply be called again. */
export const weather = tool({
  description: "The weather now",
  input: z.object({ city: z.string() }),
  onCrash: "retry",
  execute: ({ city }, { signal }) => getWeather(city, signal),
});

/** Moves money: after a crash it is never called again by itself. `onCrash: "ask"` is the default. */
export const refund = tool({
  description: "Refund a customer",
  input: z.object({ cents: z.number().int() }),
  execute: ({ cents }, { idempotencyKey }) => payments.refund(cents, { idempotencyKey }),
});

// What your own code would call.
async function getWeather(city: string, signal: AbortSignal): Promise<{ city: string; celsius: number }> {
  signal.throwIfAborted();
  return { city, celsius: city.length };
}
const payments = {
  async refund(cents: number, { idempotencyKey }: { idempotencyKey: string }) {
    return { refunded: cents, reference: idempotencyKey };
  },
};
