import assert from "node:assert/strict";
import { test } from "node:test";
import { readArguments } from "../src/arguments.ts";

test("cells are named with commas between, or one by one, and measured once each", () => {
  assert.deepEqual(readArguments(["--only", "machine,replay", "--only", "replay"]).only, [
    "machine",
    "replay",
  ]);
  assert.deepEqual(readArguments([]).only, []);
});

test("whoever mistypes a cell is told which, and what does not go together is refused", () => {
  assert.throws(() => readArguments(["--only", "machine,typo"]), /no cell named "typo"/);
  assert.throws(() => readArguments(["--docs", "--against", "main"]), /do not go together/);
  assert.throws(() => readArguments(["--quik"]));
});
