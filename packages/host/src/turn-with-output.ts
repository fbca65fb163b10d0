import { PawlError, type Schema, validate } from "@pawl/core";
import type { Turn } from "./turn-handle.ts";
import type { TurnResult } from "./turn-result.ts";

/**
 * A turn whose result has the answer as the schema reads it: with its defaults and transformations, which JSON does not carry. What is
 * stored is the JSON.
 */
export function turnWithOutput(turn: Turn, schema: Schema): Turn {
  return {
    ...turn,
    async result(options): Promise<TurnResult> {
      const result = await turn.result(options);
      if (result.status !== "completed" || result.output === undefined) return result;
      const checked = await validate(schema, result.output);
      if (checked.ok) return { ...result, output: checked.value } as TurnResult;
      throw new PawlError(
        "output_invalid",
        `The answer of turn ${turn.id} fits the JSON Schema that it was asked for with, and not this schema: ${checked.message}`,
      );
    },
  };
}
