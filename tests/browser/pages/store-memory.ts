import { memoryStore } from "@pawl/store-memory";
import { runStoreSuite } from "@pawl/testing/store-suite";

/** Runs the contract suite of stores over the store in memory. */
export default async function runSuite() {
  const results = await runStoreSuite({
    name: "memory in a page",
    createStore: () => memoryStore(),
    capabilities: {
      reopen: false,
      second: false,
      advance: false,
      transaction: false,
      setRuntimeState: false,
      corruptRow: false,
      pretendNewerSchema: false,
    },
  });
  return {
    passed: results.filter((result) => result.status === "passed").length,
    failed: results
      .filter((result) => result.status === "failed")
      .map(({ chapter, title, error }) => `${chapter}: ${title}: ${String(error)}`),
    process: typeof process,
  };
}
