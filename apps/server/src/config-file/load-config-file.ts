import { pathToFileURL } from "node:url";
import { isPawlError } from "@pawl/core";
import { serverError, systemCode } from "../errors.ts";
import { type CheckedConfig, checkConfig } from "./check-config.ts";
import { resolveFallback } from "./resolve-fallback.ts";

export interface LoadedConfig extends CheckedConfig {
  /** Absolute. */
  readonly path: string;
}

/** Runs the file and checks what it exports. @throws PawlError `config_file_unloadable`, `config_file_invalid` */
export async function loadConfigFile(path: string): Promise<LoadedConfig> {
  resolveFallback();
  let module: { readonly default?: unknown };
  try {
    module = await import(pathToFileURL(path).href);
  } catch (cause) {
    throw serverError("config_file_unloadable", `${path} could not be loaded: ${whyNot(cause)}`, cause);
  }
  const checked = checkConfig(await module.default);
  if ("problems" in checked) {
    const lines = checked.problems.map((problem) => `  ${problem}`);
    throw serverError("config_file_invalid", `${path} is wrong:\n${lines.join("\n")}`);
  }
  return { ...checked, warnings: checked.warnings.map((warning) => `${path}: ${warning}`), path };
}

function whyNot(thrown: unknown): string {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  switch (systemCode(thrown)) {
    case "ERR_UNKNOWN_FILE_EXTENSION":
      return `this Node (${process.version}) cannot read TypeScript. Use Node 22.18 or newer, or write it in JavaScript as pawl.config.mjs.`;
    case "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX":
      return `${message} Node removes types and translates nothing: do without enums, namespaces and parameter properties.`;
    case "ERR_MODULE_NOT_FOUND":
      return `${message}. Install what it imports beside it, with the ending .ts where it is a file of yours.`;
  }
  if (isPawlError(thrown)) return `${message} (${thrown.code})`;
  return `${message}${placeOf(thrown)}`;
}

/** Where in the user's own files it happened. */
function placeOf(thrown: unknown): string {
  if (!(thrown instanceof Error) || thrown.stack === undefined) return "";
  const line = thrown.stack
    .split("\n")
    .find((each) => each.includes("file://") && !each.includes("/node_modules/"));
  return line === undefined ? "" : ` (${line.trim()})`;
}
