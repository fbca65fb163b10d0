/** Does it for each, so many at once. */
export async function inLanes<T>(
  lanes: number,
  items: readonly T[],
  each: (item: T, index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < items.length) {
      const index = next;
      next += 1;
      await each(items[index] as T, index);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
