// D12: the database's clock, told between two looks at it by what has passed here.
import { nodeId } from "@pawl/core";
import { createTestDatabase, type TestDatabase } from "@pawl/test-postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DatabaseTime, type Instant } from "../src/database-time.ts";
import { adminPool, openStore } from "./harness.ts";

const HOUR_MS = 3_600_000;
const AT = 1_000_000;

function setUp() {
  const here = { wall: 5_000_000, counted: 100.25 };
  const time = new DatabaseTime((): Instant => ({ ...here }));
  const pass = (ms: number) => {
    here.wall += ms;
    here.counted += ms;
  };
  /** Asked and answered, 40 ms later. */
  const learn = () => {
    const asked = time.begin();
    pass(40);
    time.learn(AT, asked);
  };
  return { here, time, pass, learn };
}

describe("what time it is in the database", () => {
  it("is this process's own until it was learnt", () => {
    expect(setUp().time.bounds()).toEqual({ earliest: 5_000_000, latest: 5_000_000 });
  });

  it("is known to within the time that the answer took", () => {
    const { time, pass, learn } = setUp();
    learn();
    expect(time.bounds()).toEqual({ earliest: AT, latest: AT + 40 });
    pass(1_000);
    expect(time.bounds()).toEqual({ earliest: AT + 1_000, latest: AT + 1_040 });
  });

  it("is not earlier nor surely later because somebody sets this machine's clock", () => {
    const { here, time, learn } = setUp();
    learn();
    here.wall += HOUR_MS;
    expect(time.bounds()).toEqual({ earliest: AT, latest: AT + 40 + HOUR_MS });
    here.wall -= 2 * HOUR_MS;
    expect(time.bounds()).toEqual({ earliest: AT, latest: AT + 40 });
  });

  it("may be much later when this machine slept, which only its wall clock knows of", () => {
    const { here, time, learn } = setUp();
    learn();
    here.wall += HOUR_MS;
    here.counted += 5;
    expect(time.bounds()).toEqual({ earliest: AT + 5, latest: AT + 40 + HOUR_MS });
  });
});

describe("a store on PostgreSQL", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  it("learns the database's time from its node's lease, and from each renewal", async () => {
    const store = await openStore(database.url);
    const admin = adminPool(database.url, 1);
    const look = async () => {
      const before = store.time!().earliest;
      const { rows } = await admin.query("select extract(epoch from clock_timestamp()) * 1000 as now");
      const now = Number(rows[0]?.now);
      expect(now).toBeGreaterThanOrEqual(before - 1);
      expect(now).toBeLessThanOrEqual(store.time!().latest + 1);
    };
    const lease = await store.leases.openNode(nodeId("n"), { ttlMs: 60_000 });
    await look();
    await store.leases.renewNode(lease);
    await look();
    await admin.end();
    await store.close();
  });
});
