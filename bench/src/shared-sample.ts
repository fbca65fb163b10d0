/** One measurement that several subjects are read from: in each round it is taken once, by whichever subject comes first. */
export function sharedSample<Taken>(take: () => Promise<Taken>) {
  const unread: Taken[][] = [];
  return (read: (taken: Taken) => number) => {
    const mine: Taken[] = [];
    unread.push(mine);
    return async () => {
      if (mine.length === 0) {
        const taken = await take();
        for (const queue of unread) queue.push(taken);
      }
      return read(mine.shift()!);
    };
  };
}
