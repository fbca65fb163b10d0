import type { StoreCapabilities } from "./capabilities.ts";
import type { StoreTest } from "./store-test.ts";

export interface StoreCase {
  readonly title: string;
  /** Run only when the store has this capability. */
  readonly needs?: keyof StoreCapabilities;
  readonly run: (t: StoreTest) => Promise<void>;
}

export interface StoreChapter {
  readonly name: string;
  readonly cases: readonly StoreCase[];
}

export type AddCase = {
  (title: string, run: (t: StoreTest) => Promise<void>): void;
  (title: string, needs: keyof StoreCapabilities, run: (t: StoreTest) => Promise<void>): void;
};

/** Collects the cases that `body` adds, in order. A title names the promise (S1…, see `store-suite.ts`) or rule (D1…) first. */
export function chapter(name: string, body: (add: AddCase) => void): StoreChapter {
  const cases: StoreCase[] = [];
  body((title, needs: unknown, run?: StoreCase["run"]) => {
    if (run === undefined) cases.push({ title, run: needs as StoreCase["run"] });
    else cases.push({ title, needs: needs as keyof StoreCapabilities, run });
  });
  return { name, cases };
}
