import type { ToolSet } from "@pawl/core";
import type { Model, Store } from "@pawl/core/ports";
import type { HostOptions } from "@pawl/host";

/** What the server brings itself. */
type Brought = "store" | "model" | "clock" | "newId" | "nodeId" | "logger";

/**
 * What `pawl.config.ts` says. All of it may be left out, and means what it means for `createHost`; flags of the command line and
 * variables of the environment win over it.
 */
export interface PawlConfig<Tx = never, Tools extends ToolSet = ToolSet>
  extends Partial<Omit<HostOptions<Tx, Tools>, Brought>> {
  /** Absent: the database of `DATABASE_URL`, else the one in the data folder. It is opened by whoever loads this file. */
  readonly store?: Store<Tx> | (() => Store<Tx>);
  /**
   * A name as `PAWL_MODEL` takes it, a model, or how to find one by its name (undefined: the default). Where a function finds none
   * the names that are built in are tried.
   */
  readonly model?: string | Model | ((name: string | undefined) => Model | undefined);
}

/** Gives `pawl.config.ts` its types; returns what it was given. */
export function defineConfig<Tx = never, Tools extends ToolSet = ToolSet>(
  config: PawlConfig<Tx, Tools>,
): PawlConfig<Tx, Tools> {
  return config;
}
