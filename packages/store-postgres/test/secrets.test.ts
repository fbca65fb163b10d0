import { beforeAll, describe, expect, test } from "vitest";
import { fresh, type PgStore } from "./harness.ts";
import { testDatabase } from "./test-database.ts";

const database = testDatabase();
let store: PgStore;
beforeAll(async () => {
  store = await database.store();
});

describe("secrets", () => {
  test("the first writer wins, also among racing ones", async () => {
    const name = fresh("secret");
    const values = await Promise.all(
      ["a", "b", "c"].map((value) => store.secrets.loadOrCreate(name, () => value)),
    );
    expect(new Set(values).size).toBe(1);
    expect(await store.secrets.loadOrCreate(name, () => "other")).toBe(values[0]);
  });
});
