// A shop's own transaction: the order and the question about it are both stored, or neither. node shop.ts apples [fail]
import { close, host, pool, store } from "./host.ts";

const [article = "apples", fail] = process.argv.slice(2);
await store.open();
// Only accepts: whoever works on the same database drives it.
host.pause();
await pool.query("create table if not exists orders (article text)");
const client = await pool.connect();
try {
  await client.query("begin");
  await client.query("insert into orders values ($1)", [article]);
  const turn = await host.session("s1").send(`How many ${article}?`, { tx: client });
  if (fail) throw new Error("out of money");
  await client.query("commit");
  console.log(turn.id);
} catch (error) {
  await client.query("rollback");
  console.log(`rolled back: ${(error as Error).message}`);
} finally {
  client.release();
}
await close();
