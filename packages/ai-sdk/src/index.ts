// Models
export { type AiModelOptions, aiModel, type ModelSettings } from "./model.ts";
export type { ResolveFile } from "./resolve-files.ts";
// Tools
export { type AiTool, type AiToolOptions, aiTools, type PawlTools } from "./tools.ts";
export type { Price } from "./usage.ts";
