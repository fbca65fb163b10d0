import { tool } from "@pawl/core";
import { z } from "zod";

/** Only reads, so after a crash it may simply be called again. */
export const weather = tool({
  description: "The weather now",
  input: z.object({ city: z.string() }),
  onCrash: "retry",
  execute: ({ city }) => ({ city, celsius: city.length }),
});
