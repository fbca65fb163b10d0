// The server, and what a program around it needs
export { createLogger, type LoggerOptions } from "./log/create-logger.ts";
export { type PrincipalToken, parsePrincipal } from "./principals/parse-principal.ts";
export { type StdioOptions, type StdioServer, serveStdio } from "./serve-stdio.ts";
export { type RunningServer, type ServeOptions, startServer } from "./start-server.ts";
