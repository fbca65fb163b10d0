/** A schema that takes anything: what a check costs is not measured here. */
export const anything = {
  "~standard": {
    version: 1,
    vendor: "bench",
    validate: (value: unknown) => ({ value }),
    jsonSchema: { input: () => ({}), output: () => ({}) },
  },
} as const;
