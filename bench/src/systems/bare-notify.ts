import pg from "pg";
import { monotonicMs } from "../stopwatch.ts";
import type { OpenSystem } from "./system.ts";

const CHANNEL = "heard";
const HEAR = `listen ${CHANNEL}`;
const TELL = `with row as (insert into heard (body) values ($1) returning body) select pg_notify('${CHANNEL}', $1) from row`;

/** No system: a row that one process inserts and announces in one statement, and that another one hears of. */
export const open: OpenSystem = async ({ url, role }) => {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  const heard = new Map<string, PromiseWithResolvers<number>>();
  let made = 0;
  client.on("notification", ({ payload = "" }) => heard.get(payload)?.resolve(monotonicMs()));
  if (role !== "client") {
    await client.query("create table heard (id bigint generated always as identity primary key, body text)");
    await client.query(HEAR);
  }
  return {
    async wait(count) {
      heard.clear();
      const names = Array.from({ length: count }, () => `e${made++}`);
      for (const name of names) heard.set(name, Promise.withResolvers());
      return names;
    },
    async signal(name) {
      const began = monotonicMs();
      await client.query({ name: "tell", text: TELL, values: [name] });
      return began;
    },
    wentOn: async (name) => heard.get(name)!.promise,
    close: () => client.end(),
  };
};
