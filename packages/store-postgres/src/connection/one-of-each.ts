/** As JSON: so that one statement stays far below what PostgreSQL takes. */
const MOST_CHARACTERS = 4_000_000;

interface Sized {
  readonly characters: number;
}

/**
 * Splits a queue into a batch, by key, and what is left. The oldest first, at most one of a key, and those of one key keep their order:
 * where one has to wait so do the later ones of its key, whether they would fit or not. The batch is never empty unless the queue is.
 */
export function oneOfEach<Item extends Sized>(
  queue: readonly Item[],
  most: number,
  keyOf: (item: Item) => string,
): { readonly batch: ReadonlyMap<string, Item>; readonly left: Item[] } {
  const batch = new Map<string, Item>();
  const waiting = new Set<string>();
  const left: Item[] = [];
  let characters = 0;
  for (const item of queue) {
    const key = keyOf(item);
    const fits = batch.size === 0 || (batch.size < most && characters + item.characters <= MOST_CHARACTERS);
    if (fits && !batch.has(key) && !waiting.has(key)) {
      batch.set(key, item);
      characters += item.characters;
    } else {
      waiting.add(key);
      left.push(item);
    }
  }
  return { batch, left };
}
