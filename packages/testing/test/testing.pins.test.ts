import { expect, test } from "vitest";
import * as doubles from "../src/index.ts";
import * as storeSuite from "../src/store-suite/index.ts";

test("public names stay what they are", () => {
  expect(Object.keys(doubles).sort()).toEqual([
    "answeringExecutor",
    "dyingStore",
    "manualClock",
    "memoryEffectJournal",
    "recordingLogger",
    "scriptedModel",
    "seededRandom",
    "testingExecutor",
  ]);
  expect(Object.keys(storeSuite).sort()).toEqual([
    "STORE_CHAPTERS",
    "STORE_PROMISES",
    "runStoreSuite",
    "storeSuite",
  ]);
});

test("names of chapters stay what they are: stores select by them", () => {
  expect(storeSuite.STORE_CHAPTERS.map(({ name }) => name)).toEqual([
    "The seed",
    "Sessions and turns",
    "The commit",
    "The cancel gate",
    "The outbox",
    "The log",
    "The inbox",
    "Input states",
    "A caller's transaction",
    "Runtime states",
    "Leases",
    "Claimed inputs",
    "Waiting",
    "Attempts",
    "Await-events",
    "Turns that others wait for",
    "Background tasks",
    "Who runs background tasks",
    "Background tasks that begin where they are asked for",
    "Jobs",
    "Attachments",
    "Secrets",
    "Pruning",
    "Erasure",
    "Tokens",
    "Hints",
    "Law: all or nothing",
    "Law: a superseded writer writes nothing",
    "Law: sessions and stores are apart",
    "Law: owners are apart",
    "Law: values are detached",
    "Law: racing makes one",
    "Law: what was acknowledged lasts",
    "Law: a closed store does nothing",
    "Law: everything ends",
  ]);
});
