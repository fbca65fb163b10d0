// Compiled by `types` and never run.
import { memoryStore } from "pawl";
import type { PoolClient } from "pg";
import { expectTypeOf } from "vitest";
import { host } from "../host.ts";

declare const client: PoolClient;
await host.session("s1").send("hi", { tx: client });
// @ts-expect-error a transaction is one of the store's own kind
await host.session("s1").send("hi", { tx: memoryStore() });
expectTypeOf(await host.drain({ maxMs: 25_000 })).toEqualTypeOf<{ readonly driven: number }>();
