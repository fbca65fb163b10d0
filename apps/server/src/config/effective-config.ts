import type { Origin, ServerConfig } from "./read-config.ts";
import { VARIABLES, type Variable, type VariableName } from "./variables.ts";

export interface EffectiveValue {
  readonly name: string;
  /** Set or by default; secrets are hidden. Null where there is none. */
  readonly value: string | null;
  readonly origin: Origin;
  readonly help: string;
  /** What holds where nothing is set. */
  readonly otherwise: string;
}

/** The configuration in force, fit to be shown to anybody. */
export function effectiveConfig({ given, origins, dataDir }: ServerConfig): readonly EffectiveValue[] {
  return VARIABLES.map((variable: Variable & { readonly name: VariableName }) => {
    const { name, help, otherwise, literal } = variable;
    const text = name === "PAWL_DATA_DIR" ? dataDir : (given[name] ?? (literal ? otherwise : undefined));
    const value = text === undefined ? null : shown(variable, text);
    return { name, value, origin: origins[name], help, otherwise };
  });
}

function shown({ show }: Variable, text: string): string {
  if (show === "value") return text;
  return show === "address" ? hidePassword(text) : "(hidden)";
}

/** An address without its password and without its query, where drivers take passwords too. */
export function hidePassword(address: string): string {
  if (!URL.canParse(address)) return "(hidden)";
  const url = new URL(address);
  if (url.password !== "") url.password = "***";
  if (url.search !== "") url.search = "?***";
  return url.href;
}
