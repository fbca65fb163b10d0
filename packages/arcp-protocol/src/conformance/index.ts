// Agents to host, so that any client can check a runtime
export { conformanceAgents } from "./agents.ts";
// The specification as data, and what tests cover of it
export { type Citation, type Coverage, citationsIn, conformanceTable, coverageOf } from "./coverage.ts";
export type { Level, Requirement, Section, Side } from "./requirement.ts";
export { REQUIREMENTS, SECTIONS } from "./requirements.ts";
