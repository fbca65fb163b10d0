import type { Origin, ServerConfig } from "./read-config.ts";
import { VARIABLES, type Variable, type VariableName } from "./variables.ts";

export interface EffectiveValue {
  readonly name: string;
  /** Set or by default; secrets are hidden. Null where there is none. */
  readonly value: string | null;
  /** `found`: a file that lies here or above. */
  readonly origin: Origin | "found";
  readonly help: string;
  /** What holds where nothing is set. */
  readonly otherwise: string;
}

/** The configuration in force, fit to be shown to anybody. */
export function effectiveConfig({
  given,
  origins,
  dataDir,
  configFile,
}: ServerConfig): readonly EffectiveValue[] {
  return VARIABLES.map((variable: Variable & { readonly name: VariableName }) => {
    const { name, help, otherwise, literal } = variable;
    const found = { PAWL_DATA_DIR: dataDir, PAWL_CONFIG: configFile }[name as string];
    const text = found ?? given[name] ?? (literal ? otherwise : undefined);
    const value = text === undefined ? null : shown(variable, text);
    const origin =
      origins[name] === "default" && name === "PAWL_CONFIG" && value !== null ? "found" : origins[name];
    return { name, value, origin, help, otherwise };
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
