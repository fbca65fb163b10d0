// usage: node scratch/prof.ts <turns> <iterations> <rounds>
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
const pg: typeof import("pg") = createRequire(new URL("../../packages/store-postgres/src/x.ts", import.meta.url))("pg");
import { postgresStore } from "@pawl/store-postgres";
import { durableTurns } from "../src/durable-turns.ts";
const url = readFileSync("/tmp/speed/url", "utf8");
const [n = 1, iterations = 60, rounds = 5] = process.argv.slice(2).map(Number);
const db = `p${Date.now()}`;
const admin = new pg.Client({ connectionString: url }); await admin.connect();
await admin.query(`create database ${db}`);
const u = new URL(url); u.pathname = `/${db}`;
const bare = new pg.Pool({ connectionString: u.href, max: 4 }); bare.on("error", () => {});
await bare.query("create table floor (id bigint generated always as identity primary key, body jsonb)");
const BODY = JSON.stringify({ kind: "machine_input", input: { type: "effect_settled", text: "x".repeat(200) } });
const store = postgresStore({ url: u.href });
await store.open();
const counts = new Map<string, number>();
const orig = pg.Client.prototype.query;
pg.Client.prototype.query = function (q: any, ...rest: any[]) { const k = q?.name ?? String(q?.text ?? q).trim().slice(0, 40); counts.set(k, (counts.get(k) ?? 0) + 1); return (orig as any).call(this, q, ...rest); } as any;
const turns = durableTurns(store as never, store.inbox as never, iterations);
const lsn = async () => Number((await bare.query("select pg_current_wal_insert_lsn() - '0/0' as at")).rows[0].at);
const med = (v: number[]) => v.toSorted((a, b) => a - b)[v.length >> 1]!;
const cpu = () => { const { user, system } = process.cpuUsage(); return (user + system); };
const R: Record<string, number[]> = { floor: [], eff: [], ratio: [], floorCpu: [], effCpu: [], walFloor: [], walEff: [] };
for (let r = -1; r < rounds; r++) {
  const N = 3 * iterations * Math.min(n, 4);
  const c = await bare.connect();
  let w0 = await lsn(), c0 = cpu(), t0 = performance.now();
  for (let i = 0; i < N; i++) await c.query({ name: "floor", text: "insert into floor (body) values ($1)", values: [BODY] });
  const f = N / (performance.now() - t0) * 1000, fc = (cpu() - c0) / N; const wf = ((await lsn()) - w0) / N;
  c.release();
  const claims = await turns.prepare(n);
  counts.clear();
  w0 = await lsn(); c0 = cpu(); t0 = performance.now();
  await turns.drive(claims);
  const ms = performance.now() - t0, dc = cpu() - c0; const seen = new Map(counts); const w1 = await lsn();
  const E = await turns.effectsOf(claims);
  if (r < 0) continue;
  R.floor!.push(f); R.eff!.push(E / ms * 1000); R.ratio!.push(E / ms * 1000 / f); R.floorCpu!.push(fc); R.effCpu!.push(dc / E); R.walFloor!.push(wf); R.walEff!.push((w1 - w0) / E);
  if (r === rounds - 1) { console.log("effects", E); for (const [k, v] of seen) console.log("  ", k, v, (v / E).toFixed(3)); }
}
for (const [k, v] of Object.entries(R)) console.log(k.padEnd(10), med(v).toFixed(k === "ratio" ? 3 : 1), `[${Math.min(...v).toFixed(2)} … ${Math.max(...v).toFixed(2)}]`);
await store.close(); await bare.end();
await admin.query(`drop database ${db} with (force)`); await admin.end();
