// What all mounts serve: one host with a tool that needs an approval, and two principals.
import { tool } from "@pawl/core";
import { createHost } from "@pawl/host";
import { createHandler, type HandlerOptions } from "@pawl/http";
import { memoryStore } from "@pawl/store-memory";
import { scriptedModel } from "@pawl/testing";
import { z } from "zod";

export function openShop(publicUrl: string) {
  const refunds: number[] = [];
  const refund = tool({
    description: "Refunds",
    input: z.object({ cents: z.number() }),
    execute: ({ cents }) => {
      refunds.push(cents);
      return "refunded";
    },
  });
  const host = createHost({
    store: memoryStore(),
    model: scriptedModel([{ tools: [{ name: "refund", input: { cents: 8000 } }] }, "It is refunded."]),
    tools: { refund },
    approvals: { refund: ({ cents }) => cents > 5000 },
    publicUrl,
  });
  const tokens = new Map([
    ["Bearer ana", { name: "ana" }],
    ["Bearer ben", { name: "ben" }],
  ]);
  const serve = (options: Omit<HandlerOptions, "authorize"> = {}) =>
    createHandler(host, {
      ...options,
      authorize: async (request) => tokens.get(request.headers.get("authorization") ?? "") ?? null,
    });
  return { host, refunds, serve };
}

export type Shop = ReturnType<typeof openShop>;
