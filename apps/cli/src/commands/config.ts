import {
  effectiveConfig,
  fileValues,
  type LoadedConfig,
  loadConfigFile,
  type ServerConfig,
} from "@pawl/server";
import { EXIT } from "../exit-codes.ts";
import { sayError } from "../output/say-error.ts";
import { serverUnsupported } from "./refuse-server.ts";
import { configOf, type ServerOptions } from "./server-options.ts";

/** What is in force, and from where. */
export async function config(
  options: ServerOptions & { readonly json?: true; readonly server?: string },
): Promise<number> {
  if (options.server !== undefined) return sayError(serverUnsupported(options.server), options.json === true);
  try {
    const config = configOf(options);
    const file = config.configFile === undefined ? undefined : await loadConfigFile(config.configFile);
    for (const warning of [...config.warnings, ...(file?.warnings ?? [])]) {
      process.stderr.write(`pawl: ${warning}\n`);
    }
    process.stdout.write(options.json ? inJson(config, file) : inText(config, file));
    return EXIT.completed;
  } catch (error) {
    return sayError(error, options.json === true);
  }
}

/** Variables that do not count, because the file says it and they are not set. */
const SAID_BY_FILE = { PAWL_MODEL: "model", PAWL_SECRET: "secret" } as const;

function valuesOf(config: ServerConfig, file: LoadedConfig | undefined) {
  const brought = new Map(file === undefined ? [] : fileValues(file).map(({ name, value }) => [name, value]));
  const values = effectiveConfig(config).map((entry) => {
    const inFile = brought.get(SAID_BY_FILE[entry.name as keyof typeof SAID_BY_FILE] ?? "");
    if (entry.origin === "default" && inFile !== undefined)
      return { ...entry, value: inFile, origin: "file" };
    // The file's own store takes the place of every database.
    if (entry.name === "DATABASE_URL" && brought.has("store"))
      return { ...entry, value: null, origin: "file", otherwise: "the store of the configuration file" };
    return entry;
  });
  return { values, brought };
}

function inJson(config: ServerConfig, file: LoadedConfig | undefined): string {
  const { values, brought } = valuesOf(config, file);
  const entries = values.map(({ name, value, origin }) => [name, { value, origin }]);
  const origin = "file";
  const fromFile = [...brought].map(([name, value]) => [name, { value, origin }]);
  return `${JSON.stringify(Object.fromEntries([...entries, ...fromFile]), null, 2)}\n`;
}

function inText(config: ServerConfig, file: LoadedConfig | undefined): string {
  const { values, brought } = valuesOf(config, file);
  const width = Math.max(...values.map(({ name }) => name.length));
  const lines = values.flatMap(({ name, value, origin, otherwise, help }) => [
    `${name.padEnd(width)}  ${value ?? otherwise}  (${origin})`,
    `${" ".repeat(width)}  ${help}`,
  ]);
  if (file !== undefined) {
    lines.push("", `${file.path} brings:`);
    lines.push(...[...brought].map(([name, value]) => `  ${name.padEnd(width - 2)}  ${value}`));
  }
  return `${lines.join("\n")}\n`;
}
