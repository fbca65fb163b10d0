// The suite
export type { StoreCapabilities, StoreUnderTest } from "./capabilities.ts";
export { STORE_PROMISES } from "./promises.ts";
export type { Matchers, TestRunner } from "./runner.ts";
export type { StoreCase, StoreChapter } from "./store-case.ts";
export { type CaseResult, runStoreSuite, STORE_CHAPTERS, storeSuite } from "./store-suite.ts";
