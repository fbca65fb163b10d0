// Agents to host, so that any client can check a runtime
export { conformanceAgents } from "./agents.ts";
