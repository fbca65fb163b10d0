/** Runs with every source of time and chance gone: what asks for one fails. Puts them back afterwards. */
export async function stopTime<T>(run: () => T | Promise<T>): Promise<T> {
  const gone = (name: string) => () => {
    throw new Error(`${name} was asked for`);
  };
  const sources: readonly (readonly [object, string])[] = [
    [Date, "now"],
    [Math, "random"],
    [globalThis, "setTimeout"],
    [globalThis, "setInterval"],
    [globalThis, "queueMicrotask"],
    [globalThis, "fetch"],
    [crypto, "randomUUID"],
    [crypto, "getRandomValues"],
    [performance, "now"],
  ];
  const before = sources.map(([owner, name]) => Object.getOwnPropertyDescriptor(owner, name));
  for (const [owner, name] of sources) {
    Object.defineProperty(owner, name, { value: gone(name), configurable: true, writable: true });
  }
  try {
    return await run();
  } finally {
    sources.forEach(([owner, name], i) => {
      const descriptor = before[i];
      if (descriptor) Object.defineProperty(owner, name, descriptor);
      else delete (owner as Record<string, unknown>)[name];
    });
  }
}
