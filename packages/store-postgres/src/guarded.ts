type Verb = (...args: unknown[]) => unknown;

/** A port whose verbs first await `enter`, which opens the store or refuses. Those named in `direct` are handed on as they are. */
export function guarded<Port extends object>(
  port: Port,
  enter: () => Promise<void>,
  direct: readonly (keyof Port)[] = [],
): Port {
  const verbs: Record<string, Verb> = {};
  for (const [name, verb] of Object.entries(port as Record<string, Verb>)) {
    verbs[name] = direct.includes(name as keyof Port)
      ? verb
      : async (...args) => {
          await enter();
          return verb(...args);
        };
  }
  return verbs as Port;
}
