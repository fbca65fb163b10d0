import type { Store } from "@pawl/core/ports";
import { describe, expect, test } from "vitest";
import { STORE_CHAPTERS, STORE_PROMISES, type StoreUnderTest, storeSuite } from "../src/store-suite/index.ts";
import { plainExpect } from "../src/store-suite/plain-expect.ts";
import type { StoreCase } from "../src/store-suite/store-case.ts";
import { runCase } from "../src/store-suite/store-suite.ts";

const CASES = STORE_CHAPTERS.flatMap((chapter) =>
  chapter.cases.map((one) => ({ ...one, chapter: chapter.name })),
);

function underTest(more: Partial<StoreUnderTest> = {}): StoreUnderTest {
  return {
    name: "none",
    createStore: () => ({}) as Store,
    dispose: async () => {},
    capabilities: {
      reopen: false,
      second: false,
      advance: false,
      transaction: false,
      setRuntimeState: false,
      corruptRow: false,
      pretendNewerSchema: false,
    },
    ...more,
  };
}

/** A runner that registers and waits to be told to run. */
function fakeRunner() {
  const registered: { readonly name: string; readonly body: () => Promise<void> }[] = [];
  const path: string[] = [];
  const runner = {
    describe(name: string, body: () => void) {
      path.push(name);
      body();
      path.pop();
    },
    it(name: string, body: () => Promise<void>) {
      registered.push({ name: [...path, name].join(" > "), body });
    },
    expect: plainExpect,
  };
  return { runner, registered };
}

describe("the store suite", () => {
  test("every promise has a case, and every number in a title is a promise", () => {
    const cited = new Set(CASES.flatMap(({ title }) => title.match(/\bS\d+\b/g) ?? []));
    // S23 is about the suite itself: the broken stores cite it.
    const promised = Object.keys(STORE_PROMISES).filter((name) => name !== "S23");
    expect([...cited].sort()).toEqual(promised.sort());
  });

  test("no two cases of a chapter have one title", () => {
    const names = CASES.map(({ chapter, title }) => `${chapter} > ${title}`);
    expect(new Set(names).size).toBe(names.length);
  });

  test("every chapter has a case that no store can skip, unless it is about one capability", () => {
    const optional = STORE_CHAPTERS.filter(({ cases }) => cases.every((one) => one.needs !== undefined));
    expect(optional.map(({ name }) => name)).toEqual(["Law: what was acknowledged lasts"]);
  });

  test("registers every case but those whose capability is declared as missing", () => {
    const none = fakeRunner();
    storeSuite(none.runner, underTest());
    const all = fakeRunner();
    const able = async () => {
      throw new Error("not called here");
    };
    const capabilities = {
      reopen: able,
      second: able,
      advance: able,
      transaction: able,
      setRuntimeState: able,
      corruptRow: able,
      pretendNewerSchema: able,
    };
    storeSuite(all.runner, underTest({ capabilities }));
    // And the one that counts.
    expect(all.registered.length).toBe(CASES.length + 1);
    expect(none.registered.length).toBe(CASES.filter((one) => one.needs === undefined).length + 1);
  });

  test("is not green when its cases did not run", async () => {
    const { runner, registered } = fakeRunner();
    storeSuite(runner, underTest());
    const last = registered.at(-1);
    expect(last?.name).toBe("store: none > ran every case that its capabilities allow");
    await expect(last?.body()).rejects.toThrow(/The seed/);
  });

  test("fails every case on a store that can do nothing", async () => {
    const { runner, registered } = fakeRunner();
    storeSuite(runner, underTest());
    for (const { name, body } of registered.slice(0, -1)) {
      await expect(body(), name).rejects.toThrow();
    }
  });

  test("a case that asserts nothing fails", async () => {
    const toothless: StoreCase = { title: "does nothing", run: async () => {} };
    await expect(runCase(toothless, underTest(), plainExpect)).rejects.toThrow(/asserted nothing/);
    const sound: StoreCase = { title: "asserts", run: async (t) => t.expect(1).toBe(1) };
    await runCase(sound, underTest(), plainExpect);
  });

  test("every store of a case is put away, also when the case fails", async () => {
    const away: Store[] = [];
    const under = underTest({
      dispose: async (store) => {
        away.push(store);
      },
    });
    const failing: StoreCase = {
      title: "fails",
      run: async (t) => {
        await t.another();
        t.expect(1).toBe(2);
      },
    };
    await expect(runCase(failing, under, plainExpect)).rejects.toThrow(/expected 2/);
    expect(away.length).toBe(2);
  });
});
