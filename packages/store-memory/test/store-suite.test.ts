import { storeSuite } from "@pawl/testing/store-suite";
import { describe, expect, it } from "vitest";
import { memoryStore } from "../src/index.ts";
import { memoryUnderTest } from "./memory-under-test.ts";

storeSuite({ describe, it, expect }, memoryUnderTest());

// As users have it: the system's clock, one process, nothing to reopen.
storeSuite(
  { describe, it, expect },
  {
    name: "memory, as it comes",
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
  },
);
