import type { ProcessId } from "@pawl/core";
import { expect, test } from "vitest";
import { processHints, readProcessHint } from "../src/connection/process-hint.ts";

const MOST_BYTES = 8_000;

test("D10 what is told is read again, whose it is and of which", () => {
  const ids = ["task_1", "with blanks, and: signs", "ünïcödé 🐢"] as ProcessId[];
  const payloads = processHints("store-1", ids);
  expect(payloads).toHaveLength(1);
  expect(readProcessHint(payloads[0]!)).toEqual({ origin: "store-1", processIds: ids });
  expect(processHints("store-1", [])).toEqual([]);
});

test("D10 no payload is longer than the database takes, and none is left out", () => {
  const ids = Array.from({ length: 64 }, (_, n) => `${n} ${"🐢".repeat(98)}` as ProcessId);
  const payloads = processHints("o".repeat(36), ids);
  expect(payloads.flatMap((payload) => readProcessHint(payload).processIds)).toEqual(ids);
  for (const payload of payloads) expect(Buffer.byteLength(payload)).toBeLessThan(MOST_BYTES);
  expect(payloads.length).toBeLessThan(6);
});
