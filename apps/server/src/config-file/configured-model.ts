import type { Model } from "@pawl/core/ports";
import type { ServerConfig } from "../config/read-config.ts";
import { resolveModel } from "../models/resolve-model.ts";
import type { PawlConfig } from "./define-config.ts";

/**
 * How this server finds a model by its name. What is asked for without a name is the one of `--model` or `PAWL_MODEL`, else the
 * one of the configuration file, else what the keys in the environment allow.
 */
export function configuredModel(
  { models, given }: Pick<ServerConfig, "models" | "given">,
  { model }: PawlConfig = {},
): (name: string | undefined) => Model {
  const builtIn = (name: string | undefined) => resolveModel(name, models);
  if (model === undefined) return builtIn;
  return (name = given.PAWL_MODEL) => {
    if (typeof model === "string") return builtIn(name ?? model);
    if (typeof model === "function") return model(name) ?? builtIn(name);
    return name === undefined || name === model.id ? model : builtIn(name);
  };
}
