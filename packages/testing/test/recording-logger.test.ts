import { expect, test } from "vitest";
import { recordingLogger } from "../src/index.ts";

test("keeps level, message and facts in order", () => {
  const logger = recordingLogger();
  logger.info("one", { n: 1 });
  logger.warn("two");
  logger.info("three");
  expect(logger.lines).toEqual([
    { level: "info", message: "one", facts: { n: 1 } },
    { level: "warn", message: "two", facts: {} },
    { level: "info", message: "three", facts: {} },
  ]);
  expect(logger.messages("info")).toEqual(["one", "three"]);
  logger.clear();
  expect(logger.lines).toEqual([]);
});
