import { Session } from "node:inspector/promises";
import { writeFileSync } from "node:fs";
import { memoryStore } from "@pawl/store-memory";
import { systemClock } from "@pawl/effects";
import { durableTurns } from "../src/durable-turns.ts";
const [n = 1, iterations = 60, rounds = 20] = process.argv.slice(2).map(Number);
const store = memoryStore({ clock: systemClock } as never);
// a store that takes its time without work: nothing is copied or checked
const turns = durableTurns(store as never, store.inbox as never, iterations);
for (let i = 0; i < 5; i++) await turns.drive(await turns.prepare(n));
const s = new Session(); s.connect(); await s.post("Profiler.enable"); await s.post("Profiler.setSamplingInterval", { interval: 100 });
await s.post("Profiler.start");
let c = 0, ms = 0;
for (let i = 0; i < rounds; i++) { const cl = await turns.prepare(n); const c0 = process.cpuUsage(), t0 = performance.now(); await turns.drive(cl); const d = process.cpuUsage(c0); c += d.user + d.system; ms += performance.now() - t0; }
const { profile } = await s.post("Profiler.stop");
writeFileSync("/tmp/speed/mem.cpuprofile", JSON.stringify(profile));
const E = (3 * iterations + 2) * n * rounds;
console.log("wall us/effect", (ms / E * 1000).toFixed(1), "cpu", (c / E).toFixed(1));
