// A host in this process, composed as the server composes it

export { type VisibleJobsOptions, visibleJobs } from "./arcp/visible-jobs.ts";
// The store of a server, for those who look after it
export { examine, type Finding } from "./doctor.ts";
export { changeStoredKeyring, type KeyInfo, keysOf, rotated, without } from "./keys/stored-keyring.ts";
export { createLogger, type LoggerOptions } from "./log/create-logger.ts";
export { type AdminStore, openAdminStore } from "./open-admin-store.ts";
export { openRuntime, type Runtime, type RuntimeOptions } from "./open-runtime.ts";
export { storedSecret } from "./signing-keys.ts";
export { makeToken, OPERATOR, SCOPES, tokenDigest } from "./tokens/token.ts";
export { readTokenRequest, type TokenRequest } from "./tokens/token-grant.ts";
