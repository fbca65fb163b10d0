// What `pawl.config.ts` imports: a function and a type, and nothing that is loaded with them.
export { defineConfig, type PawlConfig } from "./config-file/define-config.ts";
