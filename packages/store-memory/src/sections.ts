/**
 * A port whose verbs are synchronous. A verb that runs from its first to its last line without giving up control is a
 * transaction: it checks, and then it changes, and nobody comes in between.
 */
export type Sections<Port> = {
  readonly [Verb in keyof Port]: Port[Verb] extends (...args: infer Args) => Promise<infer Result>
    ? (...args: Args) => Result
    : Port[Verb];
};

type Verb = (...args: unknown[]) => unknown;

/**
 * Makes a port of its sections: each verb first awaits `enter` (which refuses when the store is closed) and then runs
 * whole. The verbs named in `direct` are handed on as they are, after `check`.
 */
export function portOf<Port extends object>(
  sections: Sections<Port>,
  gate: { readonly enter: () => Promise<void>; readonly check: () => void },
  direct: readonly (keyof Port)[] = [],
): Port {
  const port: Record<string, Verb> = {};
  for (const [name, section] of Object.entries(sections as Record<string, Verb>)) {
    port[name] = direct.includes(name as keyof Port)
      ? (...args) => {
          gate.check();
          return section(...args);
        }
      : async (...args) => {
          await gate.enter();
          return section(...args);
        };
  }
  return port as Port;
}
