import type { ServerConfig, Values } from "@pawl/server";
import { readConfig } from "@pawl/server";
import { namedConfigFile } from "../command-line/named-config-file.ts";

/** Flags that stand for variables of the configuration. */
export interface ServerOptions {
  readonly port?: string;
  readonly host?: string;
  readonly dataDir?: string;
  readonly model?: string;
  readonly logLevel?: string;
  readonly logFormat?: string;
}

/** @throws PawlError `config_invalid`, `config_file_missing`, `config_file_foreign` */
export function configOf(options: ServerOptions): ServerConfig {
  const { port, host, dataDir, model, logLevel, logFormat } = options;
  const configFile = namedConfigFile();
  const flags: Values = {
    ...(configFile !== undefined && { PAWL_CONFIG: configFile }),
    ...(port !== undefined && { PAWL_PORT: port }),
    ...(host !== undefined && { PAWL_HOST: host }),
    ...(dataDir !== undefined && { PAWL_DATA_DIR: dataDir }),
    ...(model !== undefined && { PAWL_MODEL: model }),
    ...(logLevel !== undefined && { PAWL_LOG_LEVEL: logLevel }),
    ...(logFormat !== undefined && { PAWL_LOG_FORMAT: logFormat }),
  };
  return readConfig({ env: process.env, flags });
}
