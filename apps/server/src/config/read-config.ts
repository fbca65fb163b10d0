import type { z } from "zod";
import { findConfigFile } from "../config-file/find-config-file.ts";
import { serverError } from "../errors.ts";
import { DEFAULT_LIMITS, type Limits } from "../limits/default-limits.ts";
import type { ModelEnvironment } from "../models/resolve-model.ts";
import type { SigningKeys } from "../signing-keys.ts";
import { VARIABLES, type Values, type VariableName, valuesSchema } from "./variables.ts";

export interface ServerConfig {
  readonly port: number;
  readonly host: string;
  /** Absolute. */
  readonly dataDir: string;
  /** Absolute; absent when none was named and none lies here or above. */
  readonly configFile: string | undefined;
  /** Absent: the one of the data folder. */
  readonly token: string | undefined;
  /** Absent: the one of the database. */
  readonly signingKeys: SigningKeys | undefined;
  /** Absent: the PostgreSQL of the data folder. */
  readonly databaseUrl: string | undefined;
  /** Where people reach this server, for links; absent: where it listens. */
  readonly publicUrl: string | undefined;
  readonly models: ModelEnvironment;
  readonly allowMcpCommands: boolean;
  readonly logLevel: "debug" | "info" | "warn" | "error" | "silent";
  /** Absent: for people on a terminal, else JSON. */
  readonly logFormat: "json" | "pretty" | undefined;
  /** Origins whose pages may use the API. */
  readonly corsOrigins: readonly string[];
  readonly limits: Limits;
  /** How long jobs that have ended are kept, in milliseconds; 0: for ever. */
  readonly keepJobsMs: number;
  /** Where each value came from, for people. */
  readonly origins: Readonly<Record<VariableName, Origin>>;
  /** The values as they were given. Secrets are among them. */
  readonly given: Values;
  /** What looks like a mistake and is none for sure. */
  readonly warnings: readonly string[];
}

export type Origin = "flag" | "environment" | "default";

export interface ConfigSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** By variable; a flag wins over the environment. */
  readonly flags?: Values;
  /** Where a configuration file is looked for. Default: the process's own folder. */
  readonly cwd?: string;
}

/**
 * Reads and checks everything at once. An empty variable counts as not set.
 * @throws PawlError `config_invalid`: one message that names every wrong variable and what it must be; `config_file_missing`,
 * `config_file_foreign`
 */
export function readConfig({ env, flags = {}, cwd = process.cwd() }: ConfigSources): ServerConfig {
  const given: Partial<Record<VariableName, string>> = {};
  const origins: Partial<Record<VariableName, Origin>> = {};
  for (const { name } of VARIABLES) {
    const text = flags[name] ?? (env[name] === "" ? undefined : env[name]);
    origins[name] = flags[name] !== undefined ? "flag" : text !== undefined ? "environment" : "default";
    if (text !== undefined) given[name] = text;
  }
  const checked = valuesSchema.safeParse(given);
  if (!checked.success) throw invalid(checked.error, origins);
  const values = checked.data;
  return {
    port: values.PAWL_PORT,
    host: values.PAWL_HOST,
    dataDir: values.PAWL_DATA_DIR,
    configFile: findConfigFile(cwd, values.PAWL_CONFIG),
    token: values.PAWL_TOKEN,
    signingKeys: values.PAWL_SECRET,
    databaseUrl: values.DATABASE_URL,
    publicUrl: values.PAWL_PUBLIC_URL,
    // The variables keep their names: the messages about models speak of them.
    models: given,
    allowMcpCommands: values.PAWL_ALLOW_MCP_COMMANDS,
    logLevel: values.PAWL_LOG_LEVEL,
    logFormat: values.PAWL_LOG_FORMAT,
    corsOrigins: values.PAWL_CORS_ORIGINS ?? [],
    limits: {
      requestsPerMinute: values.PAWL_MAX_REQUESTS_PER_MINUTE ?? DEFAULT_LIMITS.requestsPerMinute,
      submitsPerMinute: values.PAWL_MAX_SUBMITS_PER_MINUTE ?? DEFAULT_LIMITS.submitsPerMinute,
      sessions: values.PAWL_MAX_SESSIONS ?? DEFAULT_LIMITS.sessions,
      openTurns: values.PAWL_MAX_OPEN_TURNS ?? DEFAULT_LIMITS.openTurns,
      streams: values.PAWL_MAX_STREAMS ?? DEFAULT_LIMITS.streams,
    },
    keepJobsMs: values.PAWL_KEEP_JOBS ?? KEEP_JOBS_MS,
    origins: origins as Record<VariableName, Origin>,
    given,
    warnings: unknownVariables(env),
  };
}

/** Longer than any client is away that means to come back. */
const KEEP_JOBS_MS = 30 * 24 * 3_600_000;

function invalid(error: z.ZodError, origins: Partial<Record<VariableName, Origin>>) {
  const lines = error.issues.map(({ path, message }) => {
    const name = path[0] as VariableName;
    const variable = VARIABLES.find((entry) => entry.name === name);
    const byFlag = origins[name] === "flag" && variable !== undefined && "flag" in variable;
    return `  ${byFlag ? `--${variable.flag}` : name} ${message}.`;
  });
  return serverError("config_invalid", `The configuration is wrong:\n${lines.join("\n")}`);
}

const OURS = new Set<string>(VARIABLES.map(({ name }) => name));

function unknownVariables(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  return Object.keys(env)
    .filter((name) => name.startsWith("PAWL_") && !name.startsWith("PAWL_TEST_") && !OURS.has(name))
    .map((name) => `${name} is set and means nothing to Pawl. \`pawl config\` lists the variables that do.`);
}
