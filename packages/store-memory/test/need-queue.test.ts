import { expect, test } from "vitest";
import { type NeedEntry, NeedQueue } from "../src/need-queue.ts";

interface Item {
  readonly name: string;
  need?: NeedEntry<Item>;
}

const queue = () => new NeedQueue<Item>((entry) => entry.item.need === entry);
const put = (needs: NeedQueue<Item>, item: Item, at: number) => {
  item.need = needs.push(at, item);
};

test("gives what is due, oldest first, equals in the order in which they came", () => {
  const needs = queue();
  const items = Array.from({ length: 500 }, (_, i): Item => ({ name: `${i}` }));
  for (const [i, item] of items.entries()) put(needs, item, (i * 7_919) % 50);
  const order: NeedEntry<Item>[] = [];
  for (let entry = needs.pop(30); entry; entry = needs.pop(30)) order.push(entry);
  expect(order.length).toBe(500 * (31 / 50));
  const sorted = [...order].sort((a, b) => a.at - b.at || a.tie - b.tie);
  expect(order).toEqual(sorted);
  expect(needs.pop(30)).toBeUndefined();
  expect(needs.pop(31)?.at).toBe(31);
});

test("an entry that was replaced is not given, one that was put back is", () => {
  const needs = queue();
  const [a, b]: Item[] = [{ name: "a" }, { name: "b" }] as [Item, Item];
  put(needs, a, 1);
  put(needs, b, 2);
  put(needs, a, 3);
  const first = needs.pop(9);
  expect(first?.item.name).toBe("b");
  needs.restore(first!);
  expect(needs.pop(9)?.item.name).toBe("b");
  expect(needs.pop(9)?.at).toBe(3);
  expect(needs.pop(9)).toBeUndefined();
});

test("replaced entries do not pile up, and nothing gets lost when they go", () => {
  const needs = queue();
  const items = Array.from({ length: 40 }, (_, i): Item => ({ name: `${i}` }));
  let largest = 0;
  for (let round = 0; round < 20_000; round++) {
    put(needs, items[(round * 7) % 40]!, 1_000_000 - round);
    largest = Math.max(largest, needs.size);
  }
  expect(largest).toBeLessThanOrEqual(256);
  const names = new Set<string>();
  for (let entry = needs.pop(2_000_000); entry; entry = needs.pop(2_000_000)) names.add(entry.item.name);
  expect(names.size).toBe(40);
});
