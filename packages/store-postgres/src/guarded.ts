type Verb = (...args: unknown[]) => unknown;

/**
 * A port whose verbs first `enter` the store, which opens it or refuses. Once it is open they begin at once, so that a caller may
 * change what it handed in as soon as it has the promise. Those named in `direct` are handed on as they are.
 */
export function guarded<Port extends object>(
  port: Port,
  enter: () => Promise<void> | undefined,
  direct: readonly (keyof Port)[] = [],
): Port {
  const verbs: Record<string, Verb> = {};
  for (const [name, verb] of Object.entries(port as Record<string, Verb>)) {
    verbs[name] = direct.includes(name as keyof Port)
      ? verb
      : async (...args) => {
          const entering = enter();
          if (entering !== undefined) await entering;
          // Awaited here: to hand a promise on takes two turns more of the queue than its value does.
          return await verb(...args);
        };
  }
  return verbs as Port;
}
