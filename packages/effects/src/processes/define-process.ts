import {
  type InferSchema,
  type Json,
  jsonSchemaOf,
  type ProcessId,
  type Schema,
  type SignalDeclaration,
} from "@pawl/core";
import { processInvalid } from "../errors.ts";

export type SignalSchemas = { readonly [name: string]: Schema };

/** What a body has in hand while it runs. */
export interface ProcessContext<Signals extends SignalSchemas = SignalSchemas> {
  readonly processId: ProcessId;
  /** From 1; a body of a rerunnable process is entered again after a crash or a deploy. */
  readonly attempt: number;
  /** Aborts when somebody asks for its end, or when this node stops or loses its lease. Throw its reason to obey. */
  readonly signal: AbortSignal;
  /**
   * Performs `run` once and records its value under `stepId`, which is unique in the body. When the body is entered again the
   * recorded value is returned and `run` is not called; what crashed before its value was recorded is performed again.
   */
  step<Value extends Json>(
    stepId: string,
    run: (signal: AbortSignal) => Value | Promise<Value>,
  ): Promise<Value>;
  /** Tells how far it is; the latest is in its record. `wake` also tells the session that is to be woken. */
  progress(value: Json, options?: { readonly wake?: boolean }): Promise<void>;
  readonly signals: {
    /** The next signal of this name, in order: the n-th call gives the n-th signal, also when the body is entered again. */
    next<Name extends keyof Signals & string>(name: Name): Promise<InferSchema<Signals[Name]>>;
  };
}

export interface ProcessSpec<Input extends Schema, Output extends Json, Signals extends SignalSchemas> {
  /** Under which it is found again after a restart. */
  readonly name: string;
  readonly input: Input;
  /** Default `rerunnable`. What is `external` has no body: somebody else runs it and reports. */
  readonly disposition?: "rerunnable" | "owner_bound";
  readonly signals?: Signals;
  run(input: InferSchema<Input>, context: ProcessContext<Signals>): Promise<Output> | Output;
}

/** A background task that can be started, and run by every host that has it. */
export interface DefinedProcess<
  Input extends Schema = Schema,
  Output extends Json = Json,
  Signals extends SignalSchemas = SignalSchemas,
> extends Required<Omit<ProcessSpec<Input, Output, Signals>, "signals">> {
  readonly signals: Signals;
  readonly declarations: readonly SignalDeclaration[];
}

/** Any of them, as a list of bodies has them: who runs one hands it what its own schemas have let through. */
export type AnyProcess = DefinedProcess;

const NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/;

/** The signals of a task as data. @throws PawlError `process_definition_invalid`, `schema_unsupported` */
export function declareSignals(task: string, signals: SignalSchemas): readonly SignalDeclaration[] {
  for (const name of [task, ...Object.keys(signals)]) {
    if (!NAME.test(name)) {
      throw processInvalid(
        `"${name}" cannot name a background task or a signal: use a letter, then up to 63 of letters, digits, "_", "." and "-".`,
      );
    }
  }
  return Object.entries(signals).map(([name, schema]) => ({
    name,
    schema: jsonSchemaOf(schema, `signal "${name}"`),
  }));
}

/** @throws PawlError `process_definition_invalid`, `schema_unsupported` */
export function defineProcess<
  Input extends Schema,
  Output extends Json,
  const Signals extends SignalSchemas = Record<never, never>,
>(spec: ProcessSpec<Input, Output, Signals>): DefinedProcess<Input, Output, Signals> {
  const signals = spec.signals ?? ({} as Signals);
  const declarations = declareSignals(spec.name, signals);
  return {
    name: spec.name,
    input: spec.input,
    disposition: spec.disposition ?? "rerunnable",
    signals,
    declarations,
    run: (input, context) => spec.run(input, context),
  };
}
