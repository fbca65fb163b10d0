import type { Secrets } from "@pawl/core/ports";
import type { MemoryContext } from "./context.ts";
import type { Sections } from "./sections.ts";

export function secretSections({ state }: MemoryContext): Sections<Secrets> {
  return {
    loadOrCreate(name, create) {
      const stored = state.secrets.get(name);
      if (stored !== undefined) return stored;
      const value = create();
      state.secrets.set(name, value);
      return value;
    },
    replace(name, expected, value) {
      if (state.secrets.get(name) !== expected) return false;
      state.secrets.set(name, value);
      return true;
    },
  };
}
