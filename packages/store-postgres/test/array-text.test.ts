import { createTestDatabase } from "@pawl/test-postgres";
import { expect, test } from "vitest";
import { arrayText } from "../src/connection/array-text.ts";
import { adminPool } from "./harness.ts";

test("lists reach PostgreSQL as they are, whatever stands in them", async () => {
  await using database = await createTestDatabase();
  const admin = adminPool(database.url);
  const texts = [
    "plain",
    "",
    "null",
    "NULL",
    '"',
    "\\",
    'a"b\\c',
    "{x,y}",
    " a b ",
    "é😀",
    "new\nline",
    null,
  ];
  const numbers = [0, -1, 2 ** 53 - 1, null];
  const { rows } = await admin.query(
    "select $1::text[] as texts, $2::bigint[]::text[] as numbers, $3::boolean[] as flags",
    [arrayText(texts), arrayText(numbers), arrayText([true, false, null])],
  );
  const empty = await admin.query("select $1::text[] as texts", [arrayText([])]);
  await admin.end();
  expect(rows).toEqual([
    { texts, numbers: numbers.map((n) => (n === null ? null : String(n))), flags: [true, false, null] },
  ]);
  expect(empty.rows).toEqual([{ texts: [] }]);
});
