// Compiled by `types` and never run: what users type is inferred as they would expect.
import { createHost, memoryStore, type TurnResult } from "pawl";
import { expectTypeOf } from "vitest";
import { refund, weather } from "../tools.ts";

declare const model: Parameters<typeof createHost>[0]["model"];

expectTypeOf(weather.execute).parameter(0).toEqualTypeOf<{ city: string }>();
expectTypeOf(refund.execute).parameter(0).toEqualTypeOf<{ cents: number }>();
expectTypeOf<NonNullable<(typeof weather)["~tool"]>["output"]>().toEqualTypeOf<{
  city: string;
  celsius: number;
}>();

const host = createHost({ store: memoryStore(), model, tools: { weather, refund } });
const turn = await host.session("s1").send("Weather in Oslo?");
const result = await turn.result();
expectTypeOf(result).toEqualTypeOf<TurnResult>();
if (result.status === "completed") {
  expectTypeOf(result.text).toEqualTypeOf<string>();
  expectTypeOf(result.usage.inputTokens).toEqualTypeOf<number>();
} else {
  expectTypeOf(result.status).toEqualTypeOf<"waiting" | "failed" | "cancelled" | "blocked">();
  // @ts-expect-error only a completed turn has an answer
  result.text;
}
for await (const event of turn.events()) {
  if (event.type === "tool.finished") expectTypeOf(event.name).toEqualTypeOf<string>();
}
// @ts-expect-error a delivery is one of three
await host.session("s1").send("x", { delivery: "later" });
// @ts-expect-error a host needs a store
createHost({ model });
