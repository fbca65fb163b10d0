import type pg from "pg";
import { monotonicMs } from "./stopwatch.ts";

/** What PostgreSQL gives for telling somebody: a row that is inserted and announced, until a listener has heard of it. */
export interface BareNotify {
  /** Milliseconds. */
  untilHeard(): Promise<number>;
  /** Milliseconds until whoever has heard of it has written a row of its own, too. */
  untilWritten(): Promise<number>;
  close(): void;
}

/** What another process says, in a table that this one made. */
export const HEARD = {
  name: "heard",
  text: "with row as (insert into heard (body) values ($1) returning id) select pg_notify('heard', id::text) from row",
  values: ['{"text":"x"}'],
};

const WRITTEN = {
  name: "written",
  text: "insert into heard (body) values ($1)",
  values: HEARD.values,
};

/** `notify` inserts and announces, and resolves to when it began. */
export async function bareNotify(bare: pg.Pool, notify: () => Promise<number>): Promise<BareNotify> {
  await bare.query("create table heard (id bigint generated always as identity primary key, body jsonb)");
  const listener = await bare.connect();
  await listener.query("listen heard");
  async function until(then: () => Promise<unknown>): Promise<number> {
    const heard = Promise.withResolvers<void>();
    listener.once("notification", () => heard.resolve());
    const over = heard.promise.then(then).then(monotonicMs);
    const began = await notify();
    return (await over) - began;
  }

  return {
    untilHeard: () => until(async () => undefined),
    untilWritten: () => until(() => bare.query(WRITTEN)),
    close: () => listener.release(true),
  };
}
