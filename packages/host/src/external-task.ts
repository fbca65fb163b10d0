import type { ProcessRegistration, Schema, SignalDeclaration } from "@pawl/core";
import { declareSignals, type SignalSchemas } from "@pawl/effects/processes";

/** What a background task is started by. */
export interface StartableTask<Input extends Schema = Schema> {
  readonly name: string;
  readonly input: Input;
  readonly disposition: ProcessRegistration["disposition"];
  readonly declarations: readonly SignalDeclaration[];
}

/**
 * A background task that runs somewhere else, such as in a build farm: it is started, seen, signalled, awaited and cancelled like any, and
 * whoever runs it tells how it goes with `host.tasks.report`. No host ever runs it.
 *
 * @throws PawlError `process_definition_invalid`, `schema_unsupported`
 */
export function externalTask<Input extends Schema>(spec: {
  readonly name: string;
  readonly input: Input;
  readonly signals?: SignalSchemas;
}): StartableTask<Input> {
  const { name, input, signals = {} } = spec;
  return { name, input, disposition: "external", declarations: declareSignals(name, signals) };
}
