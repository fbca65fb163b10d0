// drives only, for profiles: <turns> <iterations> <rounds>
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
const pg: typeof import("pg") = createRequire(new URL("../../packages/store-postgres/src/x.ts", import.meta.url))("pg");
import { postgresStore } from "@pawl/store-postgres";
import { durableTurns } from "../src/durable-turns.ts";
import { Session } from "node:inspector/promises";
import { writeFileSync } from "node:fs";
const url = readFileSync("/tmp/speed/url", "utf8");
const [n = 1, iterations = 60, rounds = 5] = process.argv.slice(2).map(Number);
const db = `p${Date.now()}`;
const admin = new pg.Client({ connectionString: url }); await admin.connect();
await admin.query(`create database ${db}`);
const u = new URL(url); u.pathname = `/${db}`;
const store = postgresStore({ url: u.href });
await store.open();
const turns = durableTurns(store as never, store.inbox as never, iterations);
for (let i = 0; i < 3; i++) await turns.drive(await turns.prepare(n));
const s = new Session(); s.connect(); await s.post("Profiler.enable"); await s.post("Profiler.setSamplingInterval", { interval: 200 }); 

await s.post("Profiler.start");
const c0 = process.cpuUsage(), t0 = performance.now();
for (let i = 0; i < rounds; i++) await turns.drive(await turns.prepare(n));
const c1 = process.cpuUsage(c0), ms = performance.now() - t0; 
const { profile } = await s.post("Profiler.stop");
writeFileSync("/tmp/speed/only.cpuprofile", JSON.stringify(profile));
const E = (3 * iterations + 2) * n * rounds;
console.log("ms/effect", (ms / E).toFixed(3), "cpu us/effect user", (c1.user / E).toFixed(1), "sys", (c1.system / E).toFixed(1));
await store.close(); await admin.query(`drop database ${db} with (force)`); await admin.end();
