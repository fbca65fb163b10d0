import { effectiveConfig } from "@pawl/server";
import { EXIT } from "../exit-codes.ts";
import { sayError } from "../output/say-error.ts";
import { configOf, type ServerOptions } from "./server-options.ts";

export async function config(options: ServerOptions & { readonly json?: true }): Promise<number> {
  try {
    const config = configOf(options);
    const values = effectiveConfig(config);
    for (const warning of config.warnings) process.stderr.write(`pawl: ${warning}\n`);
    if (options.json) {
      const entries = values.map(({ name, value, origin }) => [name, { value, origin }]);
      process.stdout.write(`${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`);
      return EXIT.completed;
    }
    const width = Math.max(...values.map(({ name }) => name.length));
    for (const { name, value, origin, otherwise, help } of values) {
      process.stdout.write(`${name.padEnd(width)}  ${value === null ? otherwise : value}  (${origin})\n`);
      process.stdout.write(`${" ".repeat(width)}  ${help}\n`);
    }
    return EXIT.completed;
  } catch (error) {
    return sayError(error, options.json === true);
  }
}
