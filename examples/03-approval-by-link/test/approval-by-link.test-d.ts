// Compiled by `types` and never run.
import { createHandler } from "@pawl/http";
import { postgresStore } from "@pawl/store-postgres";
import { createHost } from "pawl";
import type { Pool } from "pg";
import { expectTypeOf } from "vitest";
import { refund } from "../tools.ts";

declare const pool: Pool;
declare const model: Parameters<typeof createHost>[0]["model"];
const store = postgresStore({ pool });

const host = createHost({
  store,
  secret: "k1:…",
  publicUrl: "https://x.io/pawl",
  approvals: {
    refund(input) {
      expectTypeOf(input).toEqualTypeOf<{ cents: number }>();
      return input.cents > 5000;
    },
  },
  model,
  tools: { refund },
});
// @ts-expect-error a policy is for a tool that there is
createHost({ store, model, tools: { refund }, approvals: { refnud: () => true } });

const r = await (await host.session("s1").send("Refund 80 EUR")).result();
if (r.status === "waiting") {
  for (const wait of r.waits) expectTypeOf(wait.id).toEqualTypeOf<string>();
  const { url } = await host.approvals.link(r.waits[0]?.id ?? "", { for: "boss@x.io" });
  expectTypeOf(url).toEqualTypeOf<string>();
}
const handle = createHandler(host, { authorize: async () => null });
expectTypeOf(handle).toEqualTypeOf<(request: Request) => Promise<Response>>();
createHandler(host, { authorize: () => ({ name: "ana", tenant: "acme" }) });
// @ts-expect-error whoever comes must be looked at
createHandler(host, {});
// @ts-expect-error a principal has a name
createHandler(host, { authorize: () => ({ id: 1 }) });
