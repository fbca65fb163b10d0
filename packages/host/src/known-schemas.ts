import { canonicalJson, type JsonObject, type Schema } from "@pawl/core";
import type { FindSchema } from "@pawl/effects";

/** Enough for what one process asks for at once; a schema that is forgotten is checked by its JSON Schema. */
const MOST = 500;

/**
 * The schemas of this process by the JSON Schemas that were made of them. A turn stores the JSON Schema, so any node can check an
 * answer; one that has the schema itself checks also what JSON Schema cannot say.
 */
export interface KnownSchemas {
  readonly find: FindSchema;
  add(json: JsonObject, schema: Schema): void;
}

export function createKnownSchemas(): KnownSchemas {
  const known = new Map<string, Schema>();
  return {
    find: (json) => known.get(canonicalJson(json)),
    add(json, schema) {
      const key = canonicalJson(json);
      known.delete(key);
      known.set(key, schema);
      const [oldest] = known.keys();
      if (known.size > MOST && oldest !== undefined) known.delete(oldest);
    },
  };
}
