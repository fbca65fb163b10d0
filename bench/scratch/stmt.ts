import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
const pg: typeof import("pg") = createRequire(new URL("../../packages/store-postgres/src/x.ts", import.meta.url))("pg");
import { postgresStore } from "@pawl/store-postgres";
import { durableTurns } from "../src/durable-turns.ts";
const url = readFileSync("/tmp/speed/url", "utf8");
const db = `p${Date.now()}`;
const admin = new pg.Client({ connectionString: url }); await admin.connect();
await admin.query(`create database ${db}`);
const u = new URL(url); u.pathname = `/${db}`;
const store = postgresStore({ url: u.href });
await store.open();
const turns = durableTurns(store as never, store.inbox as never, 3);
await turns.drive(await turns.prepare(1));
const c = new pg.Client({ connectionString: u.href }); await c.connect();
await c.query("create table floor (id bigint generated always as identity primary key, body jsonb)");
await c.query("create table plog (like pawl.log including all)");
await c.query("create table nopk (like pawl.log)");
await c.query(`update pawl.sessions set open_turn='t1', owner_node='bench', owner_generation=(select generation from pawl.nodes), epoch=1 where session_id='s1'`);
const node = (await c.query("select * from pawl.nodes")).rows[0];
await c.query("select count(*) from pawl.node_heartbeats");
const BODY = JSON.stringify({ kind: "machine_input", input: { type: "effect_settled", text: "x".repeat(200) } });
let seq = 1000;
const now = Date.now();
if (process.env.ASYNC) await c.query("set synchronous_commit=off");
const pid = (await c.query("select pg_backend_pid() p")).rows[0].p;
const ticks = () => { const f = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" "); return Number(f[11]) + Number(f[12]); };
const T: Record<string, number> = {}; let tot: Record<string, number> = {};
const V: Record<string, () => [string, unknown[]]> = {
  floor: () => ["insert into floor (body) values ($1)", [BODY]],
  plog: () => ["insert into plog (session_id, seq, epoch, at, ordinal, version, turn_id, body) values ($1,$2,$3,$4,$5,$6,$7,$8)", ["s1", seq++, 1, now, 5, 1, "t1", BODY]],
  nopk: () => ["insert into nopk (session_id, seq, epoch, at, ordinal, version, turn_id, body) values ($1,$2,$3,$4,$5,$6,$7,$8)", ["s1", seq++, 1, now, 5, 1, "t1", BODY]],
  full: () => [`insert into pawl.log (session_id, seq, epoch, at, ordinal, version, turn_id, body)
select s.session_id, $7::bigint, s.epoch, $9::bigint, $8::int, $11::smallint, s.open_turn, $10::json
from pawl.nodes n
join pawl.node_heartbeats h on h.node_id = n.node_id and h.generation = n.generation
  and h.expires_at > clock_timestamp()
join pawl.sessions s on s.owner_node = n.node_id and s.owner_generation = n.generation
where n.node_id = $1 and n.generation = $2::bigint and n.nonce = $3
  and s.session_id = $4 and s.epoch = $5::bigint and s.open_turn = $6 and not ($12::boolean and exists (
    select from pawl.inputs i
    where i.session_id = s.session_id and i.state = 'queued' and i.delivery in ('steer', 'interrupt')
      and i.due_at <= clock_timestamp()))
for share of n
returning session_id`, ["bench", node.generation, node.nonce, "s1", 1, "t1", seq++, 5, now, BODY, 1, false]],
};
V.noshare = () => { const [t, v] = V.full!(); return [t.replace("for share of n", ""), v]; };
V.steer = () => { const [t, v] = V.full!(); return [t, [...v.slice(0, 11), true]]; };
V.noheart = () => { const [t, v] = V.full!(); return [t.replace(/join pawl.node_heartbeats[^]*?clock_timestamp\(\)/, ""), v]; };
V.keyshare = () => { const [t, v] = V.full!(); return [t.replace("for share of n", "for key share of n"), v]; };
V.noreturn = () => { const [t, v] = V.full!(); return [t.replace("returning session_id", ""), v]; };

const P = (): unknown[] => ["bench", node.generation, node.nonce, "s1", 1, "t1", seq++, 5, now, BODY, 1, false];
const head = "insert into pawl.log (session_id, seq, epoch, at, ordinal, version, turn_id, body) ";
const sel = "select $4, $7::bigint, $5::bigint, $9::bigint, $8::int, $11::smallint, $6, $10::json ";
// only sessions
V.sess = () => [head + "select s.session_id, $2::bigint, s.epoch, $3::bigint, $4::int, $5::smallint, s.open_turn, $6::json from pawl.sessions s where s.session_id=$1", ["s1", seq++, now, 5, 1, BODY]];
V.sess2 = () => [head + "select $1, $2::bigint, $7::bigint, $3::bigint, $4::int, $5::smallint, $8, $6::json from pawl.sessions s where s.session_id=$1 and s.epoch=$7 and s.open_turn=$8", ["s1", seq++, now, 5, 1, BODY, 1, "t1"]];
V.two = () => [head + sel + `from pawl.nodes n, pawl.sessions s where n.node_id = $1 and n.generation = $2::bigint and n.nonce = $3
  and s.session_id = $4 and s.epoch = $5::bigint and s.open_turn = $6 and s.owner_node is not distinct from n.node_id and s.owner_generation = n.generation and not $12::boolean for share of n`, P()];
V.three = () => [head + sel + `from pawl.nodes n, pawl.sessions s, pawl.node_heartbeats h where n.node_id = $1 and n.generation = $2::bigint and n.nonce = $3
  and s.session_id = $4 and s.epoch = $5::bigint and s.open_turn = $6 and s.owner_node is not distinct from n.node_id and s.owner_generation = n.generation and not $12::boolean 
  and h.node_id = $1 and h.generation = $2::bigint and h.expires_at > clock_timestamp() for share of n`, P()];
V.threesteer = () => [head + sel + `from pawl.nodes n, pawl.sessions s, pawl.node_heartbeats h where n.node_id = $1 and n.generation = $2::bigint and n.nonce = $3
  and s.session_id = $4 and s.epoch = $5::bigint and s.open_turn = $6 and s.owner_node is not distinct from n.node_id and s.owner_generation = n.generation 
  and h.node_id = $1 and h.generation = $2::bigint and h.expires_at > clock_timestamp() and not ($12::boolean and exists (
    select from pawl.inputs i
    where i.session_id = s.session_id and i.state = 'queued' and i.delivery in ('steer', 'interrupt')
      and i.due_at <= clock_timestamp())) for share of n`, P()];
V.threenoshare = () => { const [t, v] = V.three!(); return [t.replace("for share of n", ""), v]; };
const names = process.argv.slice(2).length ? process.argv.slice(2) : Object.keys(V);
const R: Record<string, number[]> = Object.fromEntries(names.map((n) => [n, []]));
for (let r = 0; r < 15; r++) for (let k = 0; k < names.length; k++) {
  const n = names[(k + r) % names.length]!;
  const N = Number(process.env.N ?? 150); const k0 = ticks(); const t0 = performance.now();
  for (let i = 0; i < N; i++) { const [text, values] = V[n]!(); const x = await c.query({ name: n, text, values: values as any[] }); if (x.rowCount !== 1) throw new Error(n); }
  T[n] = (T[n] ?? 0) + ticks() - k0; tot[n] = (tot[n] ?? 0) + N;
  R[n]!.push((performance.now() - t0) / N * 1000);
}
const med = (v: number[]) => v.toSorted((a, b) => a - b)[v.length >> 1]!;
for (const n of names) console.log(n.padEnd(10), med(R[n]!).toFixed(0), "us", med(R[n]!.map((x, i) => R[names[0]!]![i]! / x)).toFixed(3), "backend cpu us", (T[n]! * 10000 / tot[n]!).toFixed(0));
await c.end(); await store.close(); await admin.query(`drop database ${db} with (force)`); await admin.end();
