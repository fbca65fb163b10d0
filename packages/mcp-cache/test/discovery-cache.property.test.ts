import fc from "fast-check";
import { expect, test } from "vitest";
import { createDiscoveryCache, type Discovery, discoveryKey } from "../src/index.ts";
import { type Answer, createModel } from "./cache-model.ts";
import { manualClock } from "./manual-clock.ts";

const times = { defaultTtlMs: 1_000, maxStaleMs: 5_000, negativeTtlMs: 200, fetchTimeoutMs: 700 };

const keys = ["s1", "s2"].flatMap((session) =>
  ["docs", "mail"].map((server) => discoveryKey({ session, server, configuration: "c", principal: session })),
);

const target = fc.record(
  { server: fc.constantFrom("docs", "mail"), session: fc.constantFrom("s1", "s2") },
  { requiredKeys: [] },
);
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant("resolve" as const), key: fc.nat({ max: keys.length - 1 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("answer" as const),
      which: fc.nat({ max: 5 }),
      ttlMs: fc.constantFrom(undefined, undefined, 0, 300, 10_000),
      cacheScope: fc.constantFrom(undefined, "public" as const, "private" as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("refuse" as const), which: fc.nat({ max: 5 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("advance" as const),
      ms: fc.constantFrom(1, 100, 200, 300, 700, 1_000, 5_000),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("invalidate" as const),
      target,
      reason: fc.constantFrom("suspect" as const, "changed" as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("forget" as const), session: fc.constantFrom("s1", "s2") }),
  },
);

/** Lets everything run that can run without time passing. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 40; turn++) await Promise.resolve();
}

test("C1–C6, C8, F1–F4: the cache does what its model does, whatever happens in whatever order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 30, maxLength: 120, size: "max" }), async (steps) => {
      const clock = manualClock();
      const model = createModel(times, clock.now());
      const cache = createDiscoveryCache<{ name: string; version: number }>({
        clock,
        random: () => 0,
        ttlMs: times.defaultTtlMs,
        maxStaleMs: times.maxStaleMs,
        negativeTtlMs: times.negativeTtlMs,
        fetchTimeoutMs: times.fetchTimeoutMs,
      });
      const fetches: {
        resolve: (value: Discovery<{ name: string; version: number }>) => void;
        reject: (e: Error) => void;
      }[] = [];
      const settled = new Map<number, Answer>();
      let asked = 0;
      let version = 0;

      for (const each of steps) {
        if (each.do === "resolve") {
          const id = asked++;
          const key = keys[each.key]!;
          model.resolve(id, key);
          const refresh = () =>
            new Promise<Discovery<{ name: string; version: number }>>(
              (resolve, reject) => void fetches.push({ resolve, reject }),
            );
          void cache
            .resolve(key, refresh)
            .then(({ origin, tools }) => settled.set(id, { origin, version: tools[0]?.version }));
        } else if (each.do === "answer" || each.do === "refuse") {
          const pending = model.pending();
          const number = pending[each.which % Math.max(1, pending.length)];
          if (number === undefined) continue;
          if (each.do === "refuse") {
            model.refuse(number);
            fetches[number]!.reject(new Error("down"));
          } else {
            const { ttlMs, cacheScope } = each;
            model.answer(number, { version: ++version, ttlMs, cacheScope });
            fetches[number]!.resolve({ tools: [{ name: "t", version }], ttlMs, cacheScope });
          }
        } else if (each.do === "advance") {
          model.advance(each.ms);
          clock.advance(each.ms);
        } else if (each.do === "invalidate") {
          model.invalidate(each.target, each.reason);
          cache.invalidate(each.target, each.reason);
        } else {
          model.forget(each.session);
          cache.forgetSession(each.session);
        }
        await settle();
        expect(settled).toEqual(model.settled);
        expect(fetches.length).toBe(model.fetchCount);
        expect(keys.map((key) => cache.classify(key))).toEqual(keys.map((key) => model.classify(key)));
      }
    }),
    { numRuns: 500 },
  );
});
