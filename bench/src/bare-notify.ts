import type pg from "pg";

/** What PostgreSQL gives for telling somebody: a row that is inserted and announced, until a listener has heard of it. */
export interface BareNotify {
  /** Milliseconds. */
  untilHeard(): Promise<number>;
  close(): void;
}

export async function bareNotify(bare: pg.Pool): Promise<BareNotify> {
  await bare.query("create table heard (id bigint generated always as identity primary key, body jsonb)");
  const listener = await bare.connect();
  await listener.query("listen heard");
  const text =
    "with row as (insert into heard (body) values ($1) returning id) select pg_notify('heard', id::text) from row";
  return {
    async untilHeard() {
      const heard = Promise.withResolvers<void>();
      listener.once("notification", () => heard.resolve());
      const began = performance.now();
      await bare.query({ name: "heard", text, values: ['{"text":"x"}'] });
      await heard.promise;
      return performance.now() - began;
    },
    close: () => listener.release(true),
  };
}
