// A host in this process, composed as the server composes it
export { createLogger, type LoggerOptions } from "./log/create-logger.ts";
export { openRuntime, type Runtime, type RuntimeOptions } from "./open-runtime.ts";
