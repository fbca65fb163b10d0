// The import law as data. A package that is not here fails the test, so a new one begins by being placed.

/** What a package may do in `src` and in the `dependencies` of its package.json. */
export interface Place {
  readonly floor: 0 | 1 | 2 | 3 | 4 | "beside" | "tooling";
  /** Our packages that it may import. */
  readonly mayImport: readonly string[];
  /** True when it needs Node; all others run in browsers and edge runtimes too. */
  readonly node: boolean;
  /** Libraries of which the used parts are built into its files: among its `devDependencies`, and not its `dependencies`. */
  readonly builtIn?: readonly string[];
}

const below4 = [
  "@pawl/core",
  "@pawl/effects",
  "@pawl/mcp-cache",
  "@pawl/mcp",
  "@pawl/store-memory",
  "@pawl/store-postgres",
  "@pawl/queue-runner",
  "@pawl/arcp-protocol",
  "@pawl/ai-sdk",
  "@pawl/host",
  "@pawl/http",
];

export const floors: Readonly<Record<string, Place>> = {
  "@pawl/core": { floor: 0, mayImport: [], node: false, builtIn: ["hash-wasm", "zod"] },

  "@pawl/effects": { floor: 1, mayImport: ["@pawl/core"], node: false, builtIn: ["hash-wasm", "zod"] },
  "@pawl/mcp-cache": { floor: 1, mayImport: [], node: false },
  "@pawl/store-memory": { floor: 1, mayImport: ["@pawl/core"], node: false },
  "@pawl/store-postgres": { floor: 1, mayImport: ["@pawl/core"], node: true },
  "@pawl/arcp-protocol": { floor: 1, mayImport: [], node: true },
  "@pawl/ai-sdk": { floor: 1, mayImport: ["@pawl/core"], node: true },

  "@pawl/queue-runner": { floor: 2, mayImport: ["@pawl/core"], node: true },
  "@pawl/mcp": { floor: 2, mayImport: ["@pawl/core", "@pawl/mcp-cache"], node: true },

  "@pawl/host": { floor: 3, mayImport: ["@pawl/core", "@pawl/effects", "@pawl/queue-runner"], node: false },
  "@pawl/http": { floor: 3, mayImport: ["@pawl/core", "@pawl/host"], node: false },

  "@pawl/otel": { floor: 3, mayImport: ["@pawl/core", "@pawl/host"], node: false },

  "@pawl/server": { floor: 4, mayImport: below4, node: true },
  pawl: { floor: 4, mayImport: [...below4, "@pawl/server"], node: true },

  "@pawl/testing": { floor: "beside", mayImport: ["@pawl/core"], node: false },
  "@pawl/test-postgres": { floor: "tooling", mayImport: [], node: true },
  "@pawl/bundle": { floor: "tooling", mayImport: [], node: true },
  "@pawl/tasks": { floor: "tooling", mayImport: [], node: true },
  "@pawl/tsconfig": { floor: "tooling", mayImport: [], node: false },
};

/** Core reads no clock and no randomness: time and ids are handed in. */
export const timeless = { package: "@pawl/core", folder: "src/" };

/** In the turn machine nothing waits: no promise. */
export const promiseless = { package: "@pawl/core", folder: "src/turn/" };
