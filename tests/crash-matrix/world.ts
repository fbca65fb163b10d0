import { appendFileSync, existsSync, readFileSync } from "node:fs";

/** Something that was done to the world outside. */
export interface Deed {
  readonly what: string;
  /** The tool's idempotency key. */
  readonly key: string;
  /** The process that did it. */
  readonly by: string;
}

/** The world outside: what happened there stays, whichever of our processes or databases dies. */
export interface World {
  add(deed: Deed): void;
  all(): readonly Deed[];
}

export function memoryWorld(): World {
  const deeds: Deed[] = [];
  return { add: (deed) => void deeds.push(deed), all: () => [...deeds] };
}

/** A file with a deed a line: written synchronously, so that what was done before a SIGKILL is there after it. */
export function fileWorld(path: string): World {
  return {
    add: (deed) => appendFileSync(path, `${JSON.stringify(deed)}\n`),
    all() {
      if (!existsSync(path)) return [];
      const lines = readFileSync(path, "utf8").split("\n").filter(Boolean);
      return lines.map((line) => JSON.parse(line) as Deed);
    },
  };
}

export function countOf(world: World, what: string): number {
  return world.all().filter((deed) => deed.what === what).length;
}
