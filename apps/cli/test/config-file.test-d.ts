// Compiled by `types` and never run: what people write into pawl.config.ts is inferred as they would expect.
import { agent, backgroundTask, defineConfig, memoryStore, tool } from "pawl";
import { expectTypeOf } from "vitest";
import { z } from "zod";

const refund = tool({
  description: "Refund a customer",
  input: z.object({ cents: z.number() }),
  execute: ({ cents }) => cents,
});
const importRows = backgroundTask({
  name: "import",
  input: z.object({ file: z.string() }),
  run: ({ file }) => file,
});

defineConfig({});
defineConfig({
  agents: [agent({ name: "clerk", version: "2" })],
  tools: { refund },
  approvals: {
    refund(input) {
      expectTypeOf(input).toEqualTypeOf<{ cents: number }>();
      return true;
    },
  },
  tasks: [importRows],
  store: () => memoryStore(),
  model: "openai/gpt-5.4-mini",
});
// @ts-expect-error a policy is for a tool that there is
defineConfig({ tools: { refund }, approvals: { refnud: () => true } });
// @ts-expect-error what means nothing is a mistake
defineConfig({ agnets: [] });
// @ts-expect-error the server has its own clock
defineConfig({ clock: { now: () => 0 } });
