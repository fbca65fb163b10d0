// Configuration

// A host in this process, and the server around it
export { openRuntime, type Runtime, type RuntimeOptions } from "./compose.ts";
export { type EffectiveValue, effectiveConfig } from "./config/effective-config.ts";
export { type ConfigSources, readConfig, type ServerConfig } from "./config/read-config.ts";
export { VARIABLES, type Values, type Variable, type VariableName } from "./config/variables.ts";
// For programs around it
export { createLogger, type LoggerOptions } from "./log/create-logger.ts";
export { isLoopback } from "./port.ts";
export { type RunningServer, type ServeOptions, startServer } from "./serve.ts";
// For clients of the same data folder
export { findServer, type ServerFile, serverFile } from "./server-file.ts";
export { onStopSignals, type StopSignals } from "./stop-signals.ts";
export { readToken, tokenFile } from "./token-file.ts";
