// What is cheap to load: configuration, and what lies in a data folder. The rest is in ./runtime and ./serve.

// Configuration
export { type EffectiveValue, effectiveConfig } from "./config/effective-config.ts";
export { type ConfigSources, readConfig, type ServerConfig } from "./config/read-config.ts";
export { VARIABLES, type Values, type Variable, type VariableName } from "./config/variables.ts";
// pawl.config.ts
export { type FileValue, fileValues } from "./config-file/file-values.ts";
export { CONFIG_FILE_NAMES, findConfigFile } from "./config-file/find-config-file.ts";
export { type LoadedConfig, loadConfigFile } from "./config-file/load-config-file.ts";
// For clients of the same data folder
export { isLoopback } from "./port.ts";
export { findServer, type ServerFile, serverFile } from "./server-file.ts";
// For programs that run until they are told to stop
export { onStopSignals, type StopSignals } from "./stop-signals.ts";
export { readToken, tokenFile } from "./token-file.ts";
