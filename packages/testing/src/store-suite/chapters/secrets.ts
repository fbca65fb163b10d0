import { chapter } from "../store-case.ts";

export const secretsChapter = chapter("Secrets", (add) => {
  add("the first writer wins, and its value stays", async (t) => {
    const { secrets } = t.store;
    t.expect(await secrets.loadOrCreate("signing", () => "first")).toBe("first");
    t.expect(await secrets.loadOrCreate("signing", () => "second")).toBe("first");
    t.expect(await secrets.loadOrCreate("other", () => "third")).toBe("third");
  });

  add("S17 racing writers agree on one value", async (t) => {
    const second = await t.second();
    const values = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        (i % 2 ? second : t.store).secrets.loadOrCreate("signing", () => `value ${i}`),
      ),
    );
    t.expect(new Set(values).size).toBe(1);
    t.expect(await t.store.secrets.loadOrCreate("signing", () => "late")).toBe(values[0]);
  });

  add("S11 a value that could not be made is not stored", async (t) => {
    const { secrets } = t.store;
    const broken = secrets.loadOrCreate("signing", () => {
      throw new RangeError("no randomness");
    });
    t.expect(await broken.catch((error: unknown) => error instanceof RangeError)).toBe(true);
    t.expect(await secrets.loadOrCreate("signing", () => "made")).toBe("made");
  });

  add("a value is replaced by who knows it, once, and by nobody else", async (t) => {
    const { secrets } = t.store;
    const second = await t.second();
    t.expect(await secrets.replace("signing", "", "x")).toBe(false);
    await secrets.loadOrCreate("signing", () => "first");
    t.expect(await secrets.replace("signing", "other", "x")).toBe(false);
    const raced = await Promise.all([
      secrets.replace("signing", "first", "second"),
      second.secrets.replace("signing", "first", "third"),
    ]);
    t.expect(raced.filter(Boolean).length).toBe(1);
    const winner = raced[0] ? "second" : "third";
    t.expect(await second.secrets.loadOrCreate("signing", () => "late")).toBe(winner);
  });

  add("S1 a value is kept exactly", async (t) => {
    const value = `k1:${"A+/=".repeat(500)} \n ünïcödé 🐢`;
    t.expect(await t.store.secrets.loadOrCreate("signing", () => value)).toBe(value);
    t.expect(await t.store.secrets.loadOrCreate("signing", () => "x")).toBe(value);
  });
});
